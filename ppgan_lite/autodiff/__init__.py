"""Nets in training that OpenVINO executes on a CPU, with gradients: a forward graph and a backward graph each.

| file | holds |
| --- | --- |
| tape.py | reverse-mode differentiation: records a forward graph, builds the backward graph |
| operations.py | the operations that can be recorded, each with its gradient |
| executor.py | compiles both graphs of a function of tensors, and makes it one that Paddle differentiates |
| vgg16.py | VGG-16 with constant weights, for perceptual losses |
| transform_net.py | the net that paints a draft |
| layers.py | layers recorded by their kind |
| gan_nets.py | generators and discriminators of GANs |
"""
