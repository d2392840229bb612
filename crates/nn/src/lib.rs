//! Firebrand's neural-network layers, losses, initialisers, optimizers and schedulers.
