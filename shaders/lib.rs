//! Firebrand's compute kernels in WGSL, as text: one themed file each, variants by pipeline-overridable
//! constants. What several of them share is in `parts/`, and stands before the file's own text in its constant
//! (after it, naga 30 panics when it sets overridable constants that are used before they are declared).
//! `backend-wgpu` launches them; the tests here parse and validate every one without a GPU.
//!
//! All but `optim_wide.wgsl` keep to WebGPU's default limits: 256 invocations a workgroup, 16 KiB of
//! workgroup memory, 8 storage buffers.

macro_rules! files {
    ($($(#[$doc:meta])* $name:ident = $file:literal $(+ $part:literal)*;)+) => {
        $($(#[$doc])* pub const $name: &str = concat!($(include_str!($part), "\n",)* include_str!($file));)+
        /// Every file: its name and its text, parts included.
        pub const ALL: &[(&str, &str)] = &[$(($file, $name)),+];
    };
}

files! {
    /// Functions of one element and their gradients.
    UNARY = "unary.wgsl" + "parts/here.wgsl" + "parts/strided.wgsl" + "parts/places.wgsl" + "parts/nan.wgsl" + "parts/circle.wgsl";
    /// Functions of two elements, comparisons, choice.
    BINARY = "binary.wgsl" + "parts/here.wgsl" + "parts/strided.wgsl" + "parts/places.wgsl" + "parts/nan.wgsl";
    /// Copies by strides, casts, fills, bytes.
    COPY = "copy.wgsl" + "parts/here.wgsl" + "parts/strided.wgsl" + "parts/places.wgsl";
    /// Reductions, arg-reductions, running reductions.
    REDUCE = "reduce.wgsl" + "parts/here.wgsl" + "parts/strided.wgsl";
    /// Softmax, cross-entropy and their gradients.
    SOFTMAX = "softmax.wgsl" + "parts/here.wgsl";
    /// Choosing and adding by index.
    INDEX = "index.wgsl" + "parts/here.wgsl" + "parts/strided.wgsl" + "parts/places.wgsl";
    /// Windows laid out, added back, searched.
    WINDOW = "window.wgsl" + "parts/here.wgsl" + "parts/nan.wgsl";
    /// Batches of pixels from bytes.
    PIXELS = "pixels.wgsl" + "parts/here.wgsl";
    /// Matrix products through workgroup memory.
    MATMUL = "matmul.wgsl" + "parts/here.wgsl" + "parts/nan.wgsl" + "parts/product.wgsl";
    /// Matrix products in registers alone.
    DIRECT = "direct.wgsl" + "parts/nan.wgsl" + "parts/product.wgsl" + "parts/rows.wgsl";
    /// Matrix products in registers and subgroups of 8.
    LANES = "lanes.wgsl" + "parts/nan.wgsl" + "parts/product.wgsl" + "parts/rows.wgsl";
    /// Matrix products of integers.
    INTEGERS = "integers.wgsl" + "parts/here.wgsl";
    /// Optimizer steps, two parameters a dispatch.
    OPTIM = "optim.wgsl" + "parts/here.wgsl" + "parts/optim.wgsl";
    /// Optimizer steps, six parameters a dispatch.
    OPTIM_WIDE = "optim_wide.wgsl" + "parts/here.wgsl" + "parts/optim.wgsl";
    /// Multiply-adds on registers, to measure a device by.
    PEAK = "peak.wgsl";
}

#[cfg(test)]
mod tests {
    use super::*;
    use naga::valid::{Capabilities, ValidationFlags, Validator};

    /// Storage buffers that an entry point reaches, itself or through functions.
    fn storage_buffers(module: &naga::Module, info: &naga::valid::FunctionInfo) -> usize {
        let used = |&(handle, variable): &(naga::Handle<naga::GlobalVariable>, &naga::GlobalVariable)| {
            matches!(variable.space, naga::AddressSpace::Storage { .. }) && !info[handle].is_empty()
        };
        module.global_variables.iter().filter(used).count()
    }

    #[test]
    fn every_file_is_valid_within_webgpu_limits() {
        for (name, text) in ALL {
            let module = naga::front::wgsl::parse_str(text)
                .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
            let info = Validator::new(ValidationFlags::all(), Capabilities::SUBGROUP)
                .validate(&module)
                .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
            assert!(!module.entry_points.is_empty(), "{name} has no entry point");
            for (i, entry) in module.entry_points.iter().enumerate() {
                let buffers = storage_buffers(&module, info.get_entry_point(i));
                let limit = if *name == "optim_wide.wgsl" { 24 } else { 8 };
                assert!(buffers <= limit, "{name}: {} uses {buffers} storage buffers", entry.name);
                let invocations: u32 = entry.workgroup_size.iter().product();
                assert!(invocations <= 256, "{name}: {} has {invocations} invocations", entry.name);
            }
            for (_, variable) in module.global_variables.iter() {
                if variable.space == naga::AddressSpace::WorkGroup {
                    let size = module.types[variable.ty].inner.size(module.to_ctx());
                    assert!(size <= 16 << 10, "{name}: {size} bytes of workgroup memory");
                }
            }
        }
    }
}
