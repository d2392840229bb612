//! What the GPU tests need: a Vulkan loader and a driver, a software one where there is no GPU.

use crate::{Failed, run};
use std::path::Path;
use std::process::Command;

/// Where systems keep the descriptions of their Vulkan drivers.
const DRIVERS: [&str; 2] = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/// Looks for a Vulkan driver and, on a Debian system as root, installs Mesa's software one if there is none.
/// Says what it found. Elsewhere the GPU tests say that they were skipped and how to get a driver.
pub fn vulkan() -> Result<String, Failed> {
    if let Some(driver) = driver() {
        return Ok(format!("Vulkan driver: {driver}"));
    }
    let can_install = cfg!(target_os = "linux") && Path::new("/usr/bin/apt-get").exists() && is_root();
    if !can_install {
        return Ok("no Vulkan driver found; on Debian or Ubuntu: apt-get install mesa-vulkan-drivers".into());
    }
    let apt =
        |args: &[&str]| run(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "-qq"])?;
    apt(&["install", "-y", "-qq", "mesa-vulkan-drivers", "libvulkan1"])?;
    driver()
        .map(|found| format!("Vulkan driver: {found}, just installed"))
        .ok_or(Failed("no Vulkan driver after its installation".into()))
}

/// The first driver's description, if the system has any. Other systems than Linux bring theirs along.
fn driver() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("the system's own".into());
    }
    let named = std::env::var("VK_DRIVER_FILES").or_else(|_| std::env::var("VK_ICD_FILENAMES")).ok();
    named.or_else(|| {
        let entries = DRIVERS.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let mut files: Vec<_> =
            entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "json")).collect();
        files.sort();
        files.first().map(|p| p.display().to_string())
    })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n")
}
