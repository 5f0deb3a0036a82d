//! How people write durations: `4h`, `45 minutes`, `1.5h`.
