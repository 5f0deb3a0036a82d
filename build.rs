//! Links the program at a fixed address on Linux.
//!
//! Every `git commit` starts `buildq hook`, and most of its start-up was the dynamic linker
//! writing 43,000 addresses (nearly all of them in the table of time zones) into pages that it
//! had to copy for it: about a millisecond. What this costs is the random address of the
//! program's own image; libraries, heap and stack keep theirs.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|now| now == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bin=buildq=-no-pie");
    }
}
