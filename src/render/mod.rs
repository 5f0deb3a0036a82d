//! From a view to text. Nothing here decides, and nothing here touches the world.

pub mod dashboard;
pub mod bring;
pub mod diagnostic;
pub mod doctor;
pub mod error;
pub mod export;
pub mod gc;
pub mod hook;
pub mod ink;
pub mod judgement;
pub mod judge;
pub mod lint;
pub mod log;
pub mod notice;
pub mod notify;
pub mod plan;
pub mod prompt;
pub mod report;
pub mod review;
pub mod schema;
pub mod show;
pub mod status;
pub mod text;
pub mod tryout;
pub mod watch;
pub mod why;
