//! What goes wrong comes back as a typed error that says what, and nothing hangs.

mod common;

use backend_wgpu::{Gpu, OpenError, Options, adapters, choose};
use tensor_core::{DType, Device, Error, HostData, RawTensor, Scalar};

#[test]
fn adapters_that_do_not_exist() {
    let found = adapters().len();
    let error = choose("wgpu:99").unwrap_err();
    let name = choose("a card nobody makes").unwrap_err();
    if found == 0 {
        assert!(matches!(error, OpenError::NoAdapter { .. }));
    } else {
        assert!(
            matches!(&error, OpenError::NoSuchIndex { index: 99, found: f } if f.len() == found),
            "{error}"
        );
        assert!(matches!(&name, OpenError::NoSuchName { found: f, .. } if f.len() == found), "{name}");
        assert!(error.to_string().contains("found: wgpu:0"), "{error}");
        assert!(choose("wgpu:low").is_ok() && choose("wgpu:0").is_ok());
    }
}

#[test]
fn a_driver_that_is_missing_is_said() {
    // A process of its own, whose loader finds no driver.
    if std::env::var_os("FIREBRAND_TEST_NO_DRIVER").is_some() {
        match choose("wgpu") {
            Err(error @ OpenError::NoAdapter { .. }) => println!("as it should be: {error}"),
            Err(error) => panic!("another error: {error}"),
            // Metal and DX12 come with their systems.
            Ok(adapter) if cfg!(target_os = "linux") => panic!("{adapter} was found without a driver"),
            Ok(_) => {}
        }
        return;
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["a_driver_that_is_missing_is_said", "--exact", "--nocapture"])
        .env("FIREBRAND_TEST_NO_DRIVER", "1")
        .env("VK_DRIVER_FILES", "/nowhere.json")
        .env("VK_ICD_FILENAMES", "/nowhere.json")
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
}

fn is_lost<T>(result: Result<T, Error>) -> bool {
    match result {
        Err(Error::Device { reason, .. }) => !reason.is_empty(),
        _ => false,
    }
}

#[test]
fn a_lost_device_fails_every_call_and_never_hangs() {
    let Some(device) = common::gpu() else { return };
    let x = RawTensor::full(1000, 1.0, DType::F32, &device);
    let y = x.binary(tensor_core::BinaryOp::Add, 1.0);
    device.downcast_ref::<Gpu>().unwrap().destroy();
    // The loss may be noticed at once or at the next submit; from then on every call says so.
    let _ = device.sync();
    assert!(is_lost(device.sync()));
    assert!(is_lost(y.to_host()));
    assert!(is_lost(device.full(10, DType::F32, Scalar::Float(0.0))));
    assert!(is_lost(device.upload(&HostData::F32(vec![1.0]))));
    assert!(is_lost(device.unary(tensor_core::UnaryOp::Exp, x.view())));
    assert!(is_lost(device.fill(x.view(), Scalar::Float(0.0))));
    let stats = device.stats();
    assert!(stats.live > 0);
    drop((x, y));
    device.trim();
}

#[test]
fn memory_ends_and_comes_back() {
    let Some(device) = common::gpu_with(&Options { memory_limit: Some(8 << 20), ..Options::default() })
    else {
        return;
    };
    let megabyte = |device: &Device| device.full(1 << 18, DType::F32, Scalar::Float(1.0));
    let mut held = Vec::new();
    let error = loop {
        match megabyte(&device) {
            Ok(storage) => held.push(storage),
            Err(error) => break error,
        }
    };
    assert!((6..=8).contains(&held.len()), "{} buffers of 1 MiB", held.len());
    match error {
        Error::OutOfMemory { requested, live, .. } => {
            assert_eq!(requested, 1 << 20);
            assert!(live > 6 << 20);
        }
        other => panic!("{other}"),
    }
    held.pop();
    assert!(megabyte(&device).is_ok());
    // Spare buffers of one size give way to live ones of another.
    drop(held);
    assert!(device.full(1 << 20, DType::F32, Scalar::Float(1.0)).is_ok());
    device.trim();
    assert_eq!(device.stats().pooled, 0);
}

#[test]
fn a_tensor_over_the_buffer_limit_is_refused_by_name() {
    let Some(device) = common::gpu() else { return };
    let limits = choose("wgpu").unwrap().limits();
    let most =
        limits.iter().filter(|(name, _)| name.contains("Size") && name.contains("Buffer")).map(|l| l.1).min();
    let len = (most.unwrap() / 4 + 1) as usize;
    match device.full(len, DType::F32, Scalar::Float(0.0)) {
        Err(Error::TooLarge { requested, limit, .. }) => assert!(requested == 4 * len && limit < requested),
        other => panic!("{:?}", other.err()),
    }
    // The device is as good as before.
    assert_eq!(RawTensor::full(3, 2.0, DType::F32, &device).to_vec::<f32>(), [2.0; 3]);
}

#[test]
fn types_that_gpus_do_not_have() {
    let Some(device) = common::gpu() else { return };
    for data in [HostData::F64(vec![1.0]), HostData::I64(vec![1])] {
        match RawTensor::from_host(&data, 1, &device) {
            Err(Error::UnsupportedDType { dtype, .. }) => assert_eq!(dtype, data.dtype()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_rewritten_buffer_does_not_overtake_recorded_commands() {
    let Some(device) = common::gpu() else { return };
    let up = |v: f32| RawTensor::from_host(&HostData::F32(vec![v; 64]), 64, &device).unwrap();
    let mut sums = Vec::new();
    for i in 0..50 {
        // The upload is freed while the addition that reads it is still to be submitted.
        let x = up(i as f32);
        sums.push(x.binary(tensor_core::BinaryOp::Add, 0.5));
    }
    for (i, sum) in sums.iter().enumerate() {
        assert_eq!(sum.to_vec::<f32>(), [i as f32 + 0.5; 64]);
    }
}

#[test]
fn downloads_can_be_awaited() {
    let Some(device) = common::gpu() else { return };
    let x = RawTensor::from_host(&HostData::I32((0..100).collect()), [10, 10], &device).unwrap();
    let column = x.with_layout(x.layout().select(1, 3));
    let wanted: Vec<i32> = (0..10).map(|i| 10 * i + 3).collect();
    let data = pollster::block_on(device.download_async(column.view())).unwrap();
    assert_eq!(data, HostData::I32(wanted));
}
