//! How much memory the process has taken.

/// The most memory that this process has held at one time, in bytes, where the system tells
/// (`VmHWM` of Linux' `/proc/self/status`).
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"))?
        .trim()
        .parse()
        .ok()?;
    Some(1024 * kib)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn it_counts_what_is_held() {
        let held = vec![1u8; 1 << 28];
        assert!(held.iter().all(|&byte| byte == 1));
        assert!(peak_memory().unwrap() >= 1 << 28);
    }
}
