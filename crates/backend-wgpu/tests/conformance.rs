//! The GPU held to what every backend must do. WGSL promises neither denormals nor NaN and infinity as IEEE 754
//! has them, and allows its functions more units in the last place than the CPU's keep to: `pow` is as exact as exp2(y·log2 x).

mod common;

backend_tests::suite!(crate::common::shared(), backend_tests::Tolerance { factor: 8.0, ieee: false });
