//! Pure decisions: no git, no files, no processes, no environment, no clock, no printing.

pub mod calendar;
pub mod circles;
pub mod clear;
pub mod detect;
pub mod doctor;
pub mod gates;
pub mod gc;
pub mod judge;
pub mod leaks;
pub mod ledger;
pub mod lint;
pub mod login;
pub mod night;
pub mod mentions;
pub mod overview;
pub mod plan;
pub mod progress;
pub mod queue;
pub mod quota;
pub mod report;
pub mod risk;
pub mod situation;
pub mod usage;
pub mod vitals;
pub mod window;
