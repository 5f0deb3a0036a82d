//! Amounts of memory and disk as people write them: `512MB`, `4 GiB`.

/// More is a slip: a petabyte.
const LARGEST: f64 = 1e15;

/// Reads `512MB` (a thousand each time), `4 GiB` (1024), `4G` (1024, as most tools mean it), `100 B`.
pub fn parse(text: &str) -> Result<u64, String> {
    let plain = text.trim();
    let digits = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
    let (number, unit) = plain.split_at(digits);
    let wrong = || format!("{} is no amount of memory or disk", super::diagnostic::quoted(text));
    let number: f64 = number.parse().map_err(|_| wrong())?;
    if unit.trim().is_empty() {
        return Err(format!("`{plain}` has no unit: write `{plain}MB` or `{plain}GB`"));
    }
    let one: f64 = match unit.trim().to_lowercase().as_str() {
        "b" | "byte" | "bytes" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1_048_576.0,
        "g" | "gib" => 1_073_741_824.0,
        "t" | "tib" => 1_099_511_627_776.0,
        _ => return Err(wrong()),
    };
    let bytes = (number * one).round();
    match bytes <= LARGEST {
        // Whole, not negative, and small enough to be exact.
        true => Ok(bytes as u64),
        false => Err(format!("{} is more than a petabyte", super::diagnostic::quoted(text))),
    }
}

/// For people: `12.3 MiB`.
pub fn show(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut scaled = bytes as f64 / 1024.0;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        if scaled < 1024.0 {
            break;
        }
        scaled /= 1024.0;
        unit = next;
    }
    if bytes < 1024 { format!("{bytes} B") } else { format!("{scaled:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_sizes_in_many_ways() {
        for (text, bytes) in [
            ("512MB", 512_000_000),
            ("4 GiB", 4 << 30),
            ("4g", 4 << 30),
            ("1.5 GB", 1_500_000_000),
            (" 10 mb ", 10_000_000),
            ("64k", 64 << 10),
            ("100 bytes", 100),
            ("0B", 0),
            ("1TiB", 1 << 40),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_said() {
        for (text, message) in [
            ("4", "`4` has no unit: write `4MB` or `4GB`"),
            ("", "`` is no amount of memory or disk"),
            ("much", "`much` is no amount of memory or disk"),
            ("-4GB", "`-4GB` is no amount of memory or disk"),
            ("1.2.3GB", "`1.2.3GB` is no amount of memory or disk"),
            ("4 parsecs", "`4 parsecs` is no amount of memory or disk"),
            ("NaN GB", "`NaN GB` is no amount of memory or disk"),
            ("99999999TB", "`99999999TB` is more than a petabyte"),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
    }
}
