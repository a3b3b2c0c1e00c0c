"""What painting must know of LapStyle's nets, and training too; without Paddle, which painting may do without."""

PUBLISHED_CHANNELS = (64, 128, 256, 512, 512)  # of the encoder

# How far a pixel of a revision net's result can see, at full resolution: 9 to the left and above, 8 to the right and
# below. Rounded up to even, so that tiles keep the phase of the halving.
REVISION_HALO = 10

DRAFT_PX = 256  # short side of a draft, and of a painting that is measured, where a checkpoint does not say
