//! Firebrand's CPU backend: vectorised, threaded and bit-reproducible kernels.
