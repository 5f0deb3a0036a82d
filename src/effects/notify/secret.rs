//! Getting the values that stand in no file.

use super::Until;
use super::errand::{self, Files};
use crate::domain::config::notify::Given;
use crate::domain::masks::Secret;

/// The value; why there is none, without it.
pub(super) fn value(given: &Given, files: &Files, until: Until) -> Result<String, String> {
    let value = match given {
        Given::Plain(text) => text.clone(),
        Given::Env(name) => std::env::var(name).map_err(|_| {
            format!("the variable `{name}` is not set where buildq runs: set it where you commit, or in your login")
        })?,
        Given::Command(argv) => {
            let said = errand::run(argv, files, None, until)?;
            said.lines().next().unwrap_or_default().to_owned()
        }
    };
    match value.trim() {
        "" => Err("the secret is empty".into()),
        value => Ok(value.to_owned()),
    }
}

/// The value, and what of an address would be enough to use it.
pub(super) fn to_mask(value: &str) -> Vec<Secret> {
    let secret = |part: &str| Secret::given("notify", part);
    let mut all = vec![secret(value)];
    if let Some((_, rest)) = value.split_once("://") {
        all.push(secret(rest));
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        all.extend([path].into_iter().chain(path.split(['/', '?', '&', '='])).map(secret));
        all.extend(rest.split_once('@').map(|(login, _)| secret(login)));
    }
    all
}
