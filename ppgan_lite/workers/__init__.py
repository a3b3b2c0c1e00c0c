"""Workers: processes of this machine or of a cluster, each of which does one task after the other."""
