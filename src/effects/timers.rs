//! The heartbeat: systemd, cron or launchd.
