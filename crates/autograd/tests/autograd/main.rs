//! Autograd as its users see it: every gradient against differences, the corners, the tape.

mod common;
mod gradients;
mod kinks;
mod tape;
mod views;
