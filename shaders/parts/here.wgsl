// Which invocation this is. Workgroups beyond what one dimension may have spread over two: `linear` in
// backend-wgpu/src/strided.rs.

struct Here {
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
}

fn group_of(here: Here) -> u32 {
    return here.group.y * here.groups.x + here.group.x;
}

// Among all invocations, of which a workgroup has `width`.
fn index_of(here: Here, width: u32) -> u32 {
    return group_of(here) * width + here.local;
}
