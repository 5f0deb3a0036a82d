//! Whose signature under a server's certificate counts.

use crate::effects::env;

/// The file that the person names, for servers of their own; `None` for Mozilla's list, which is
/// built in.
pub(super) fn own() -> Result<Option<Vec<u8>>, String> {
    let Some(file) = std::env::var_os(env::CERTIFICATES).filter(|file| !file.is_empty()) else {
        return Ok(None);
    };
    let shown = std::path::Path::new(&file).display();
    let bytes = std::fs::read(&file);
    bytes.map(Some).map_err(|error| format!("`{}`, `{shown}`: {error}", env::CERTIFICATES))
}
