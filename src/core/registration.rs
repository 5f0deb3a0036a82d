//! The entry of buildq among the servers that a coding agent starts: settings in, settings out. All
//! that is not the entry stays as it is, to the byte.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

/// What the entry is called.
pub const NAME: &str = "buildq";
/// The verb that serves.
const VERB: &str = "mcp";

/// How an agent writes down its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// JSON: `mcpServers`, each with `command` and `args`.
    Servers,
    /// OpenCode's JSON: `mcp` (its second version: `mcp.servers`), each with all words in one list.
    Words,
    /// Codex's TOML: tables below `mcp_servers`.
    Tables,
}

/// What stands there under our name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Missing,
    /// This program serves.
    Ours(String),
    /// Something that is not ours.
    Foreign,
}

/// What the settings say of us; an error says what is wrong with them.
pub fn found(dialect: Dialect, text: &str) -> Result<Entry, String> {
    match dialect {
        Dialect::Tables => {
            let document = toml(text)?;
            let Some(servers) = document.get("mcp_servers") else { return Ok(Entry::Missing) };
            Ok(of_table(servers.as_table_like().ok_or("`mcp_servers` is no table")?))
        }
        Dialect::Servers | Dialect::Words => {
            let root = json(text)?;
            let servers = match root.object_value() {
                Some(object) => servers(&object, dialect)?,
                None => None,
            };
            Ok(servers.map_or(Entry::Missing, |servers| of_object(&servers, dialect)))
        }
    }
}

/// The settings with the entry; `program` is the absolute path of this one.
pub fn added(dialect: Dialect, text: &str, program: &str) -> Result<String, String> {
    let entry = found(dialect, text)?;
    if entry == Entry::Foreign {
        return Err(format!("its server `{NAME}` is something else"));
    }
    match dialect {
        Dialect::Tables => added_table(text, program),
        Dialect::Servers | Dialect::Words => added_object((dialect, entry), text, program),
    }
}

/// The settings without the entry; where there is none, as they are.
pub fn removed(dialect: Dialect, text: &str) -> Result<String, String> {
    if !matches!(found(dialect, text)?, Entry::Ours(_)) {
        return Ok(text.to_owned());
    }
    if dialect == Dialect::Tables {
        let mut document = toml(text)?;
        let servers = document.get_mut("mcp_servers").and_then(Item::as_table_like_mut);
        servers.and_then(|servers| servers.remove(NAME));
        return Ok(document.to_string());
    }
    let root = json(text)?;
    let servers =
        root.object_value().map(|object| servers(&object, dialect)).transpose()?.flatten();
    servers.and_then(|servers| servers.get(NAME)).into_iter().for_each(|entry| entry.remove());
    Ok(root.to_string())
}

/// With comments and commas at the ends of lists, as agents read them; nothing looser.
fn json(text: &str) -> Result<CstRootNode, String> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let root = CstRootNode::parse(text, &options).map_err(|error| error.to_string())?;
    match root.value() {
        Some(value) if value.as_object().is_none() => Err("it holds no JSON object".into()),
        _ => Ok(root),
    }
}

fn toml(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.to_string().trim_end().to_owned())
}

/// Where the servers stand, if they do.
fn servers(object: &CstObject, dialect: Dialect) -> Result<Option<CstObject>, String> {
    let key = if dialect == Dialect::Words { "mcp" } else { "mcpServers" };
    let Some(property) = object.get(key) else { return Ok(None) };
    let servers = property.object_value().ok_or_else(|| format!("`{key}` is no object"))?;
    let second = servers.object_value("servers").filter(|it| it.get("type").is_none());
    Ok(Some(second.filter(|_| dialect == Dialect::Words).unwrap_or(servers)))
}

fn of_object(servers: &CstObject, dialect: Dialect) -> Entry {
    let Some(property) = servers.get(NAME) else { return Entry::Missing };
    let Some(entry) = property.object_value() else { return Entry::Foreign };
    let word = |node: jsonc_parser::cst::CstNode| node.as_string_lit()?.decoded_value().ok();
    let list = |key: &str| -> Option<Vec<String>> {
        entry.array_value(key)?.elements().into_iter().map(word).collect()
    };
    let words = match dialect {
        Dialect::Words => list("command"),
        _ => entry.get("command").and_then(|it| word(it.value()?)).map(|command| {
            let args = list("args").unwrap_or_default();
            std::iter::once(command).chain(args).collect()
        }),
    };
    ours(words.as_deref().unwrap_or_default())
}

fn of_table(servers: &dyn TableLike) -> Entry {
    let Some(item) = servers.get(NAME) else { return Entry::Missing };
    let Some(entry) = item.as_table_like() else { return Entry::Foreign };
    let command = entry.get("command").and_then(Item::as_str);
    let args = entry.get("args").and_then(Item::as_array);
    let args = args.into_iter().flatten().map(|arg| arg.as_str().unwrap_or_default());
    let words: Vec<String> = command.into_iter().chain(args).map(str::to_owned).collect();
    ours(&words)
}

fn ours(words: &[String]) -> Entry {
    match words {
        [program, verb] if verb == VERB && program.rsplit('/').next() == Some(NAME) => {
            Entry::Ours(program.clone())
        }
        _ => Entry::Foreign,
    }
}

/// A new entry; in one that is there the path alone is renewed, whatever else a person set.
fn added_object(
    (dialect, entry): (Dialect, Entry),
    text: &str,
    program: &str,
) -> Result<String, String> {
    let root = json(text)?;
    let text = |word: &str| CstInputValue::String(word.to_owned());
    let command = match dialect {
        Dialect::Words => CstInputValue::Array(vec![text(program), text(VERB)]),
        _ => text(program),
    };
    let object = root.object_value_or_set();
    let servers = match servers(&object, dialect)? {
        Some(servers) => servers,
        None if dialect == Dialect::Words => object.object_value_or_set("mcp"),
        None => object.object_value_or_set("mcpServers"),
    };
    if let (Entry::Ours(_), Some(old)) = (entry, servers.object_value(NAME)) {
        old.get("command").into_iter().for_each(|property| property.set_value(command.clone()));
        return Ok(root.to_string());
    }
    let pair = |key: &str, value: CstInputValue| (key.to_owned(), value);
    let new = match dialect {
        Dialect::Words => vec![
            pair("type", text("local")),
            pair("command", command),
            pair("enabled", CstInputValue::Bool(true)),
        ],
        _ => vec![pair("command", command), pair("args", CstInputValue::Array(vec![text(VERB)]))],
    };
    servers.append(NAME, CstInputValue::Object(new));
    let written = root.to_string();
    Ok(if written.ends_with('\n') { written } else { written + "\n" })
}

fn added_table(text: &str, program: &str) -> Result<String, String> {
    let mut document = toml(text)?;
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    let servers = document.entry("mcp_servers").or_insert_with(implicit);
    let servers = servers.as_table_like_mut().ok_or("`mcp_servers` is no table")?;
    if let Some(entry) = servers.get_mut(NAME).and_then(Item::as_table_like_mut) {
        if let Some(command) = entry.get_mut("command").and_then(Item::as_value_mut) {
            let decor = command.decor().clone();
            *command = program.into();
            *command.decor_mut() = decor;
        }
        return Ok(document.to_string());
    }
    let mut entry = Table::new();
    if !text.trim().is_empty() {
        entry.decor_mut().set_prefix("\n");
    }
    entry.insert("command", value(program));
    entry.insert("args", value(Array::from_iter([VERB])));
    servers.insert(NAME, Item::Table(entry));
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "/usr/bin/buildq";

    /// What the entry looks like where there was nothing, by dialect.
    const ALONE: [(Dialect, &str); 3] = [
        (
            Dialect::Servers,
            "{\n  \"mcpServers\": {\n    \"buildq\": {\n      \"command\": \"/usr/bin/buildq\",\n      \
             \"args\": [\"mcp\"]\n    }\n  }\n}\n",
        ),
        (
            Dialect::Words,
            "{\n  \"mcp\": {\n    \"buildq\": {\n      \"type\": \"local\",\n      \
             \"command\": [\"/usr/bin/buildq\", \"mcp\"],\n      \"enabled\": true\n    }\n  }\n}\n",
        ),
        (
            Dialect::Tables,
            "[mcp_servers.buildq]\ncommand = \"/usr/bin/buildq\"\nargs = [\"mcp\"]\n",
        ),
    ];

    #[test]
    fn an_empty_file_gets_the_entry_alone() {
        for (dialect, expected) in ALONE {
            for empty in ["", "\n"] {
                let text = added(dialect, empty, PROGRAM).unwrap();
                assert_eq!(text.trim(), expected.trim(), "{dialect:?}");
            }
        }
    }

    /// Files as people have them: comments, odd indents, other servers, the end without a newline.
    const FULL: [(Dialect, &str); 6] = [
        (
            Dialect::Servers,
            "{\n\t// mine\n\t\"theme\": \"dark\", \"mcpServers\": {\n\t\t\"other\": {\"command\": \"x\"}, // kept\n\t}\n}\n",
        ),
        (Dialect::Servers, "{\"mcpServers\":{\"a\":{\"url\":\"https://a\"}},\"z\":[1,2]}\n"),
        (
            Dialect::Words,
            "{\n    \"mcp\": {\n        \"servers\": {\n            \"a\": {}\n        }\n    }\n}\n",
        ),
        (Dialect::Words, "{ \"mcp\": { \"servers\": { \"type\": \"remote\" } } }\n"),
        (
            Dialect::Tables,
            "# mine\nmodel = \"o\"   # the best\n\n[mcp_servers.other]\ncommand = 'x'\n\n[tui]\na = 1\n# the end\n",
        ),
        (Dialect::Tables, "mcp_servers = { other = { command = \"x\" } }\n"),
    ];

    #[test]
    fn what_else_stands_there_stays_and_comes_back() {
        for (dialect, text) in FULL {
            let with = added(dialect, text, PROGRAM).unwrap();
            assert_eq!(found(dialect, &with), Ok(Entry::Ours(PROGRAM.into())), "{with}");
            assert_eq!(added(dialect, &with, PROGRAM).unwrap(), with, "twice changes nothing");
            let comments = ["// mine", "// kept", "# mine", "# the best", "# the end"];
            for comment in comments.iter().filter(|comment| text.contains(**comment)) {
                assert!(with.contains(comment), "`{comment}` is gone:\n{with}");
            }
            let again = removed(dialect, &with).unwrap();
            let bare = |text: &str| text.split_whitespace().collect::<String>().replace(",}", "}");
            assert_eq!(bare(&again), bare(text), "{again}");
            assert_eq!(removed(dialect, text).unwrap(), text);
            let moved = added(dialect, &with, "/opt/buildq").unwrap();
            assert_eq!(moved, with.replace(PROGRAM, "/opt/buildq"));
        }
    }

    #[test]
    fn what_a_person_set_in_the_entry_stays() {
        let text = "{\"mcpServers\": {\"buildq\": {\"trust\": true, \"command\": \"/old/buildq\", \"args\": [\"mcp\"]}}}";
        let new = added(Dialect::Servers, text, PROGRAM).unwrap();
        assert_eq!(new, text.replace("/old/buildq", PROGRAM));
        let text = "[mcp_servers.buildq]\nenabled = false\ncommand = \"/old/buildq\" # here\nargs = [\"mcp\"]\n";
        let new = added(Dialect::Tables, text, PROGRAM).unwrap();
        assert_eq!(new, text.replace("/old/buildq", PROGRAM));
    }

    #[test]
    fn what_is_not_ours_or_cannot_be_read_is_left_alone() {
        for (dialect, text) in [
            (
                Dialect::Servers,
                "{\"mcpServers\": {\"buildq\": {\"command\": \"evil\", \"args\": [\"mcp\"]}}}",
            ),
            (Dialect::Servers, "{\"mcpServers\": {\"buildq\": 4}}"),
            (
                Dialect::Words,
                "{\"mcp\": {\"buildq\": {\"type\": \"remote\", \"url\": \"https://x\"}}}",
            ),
            (Dialect::Tables, "[mcp_servers.buildq]\nurl = \"https://x\"\n"),
        ] {
            assert_eq!(found(dialect, text), Ok(Entry::Foreign), "{text}");
            assert!(added(dialect, text, PROGRAM).unwrap_err().contains("something else"));
            assert_eq!(removed(dialect, text).unwrap(), text);
        }
        for (dialect, text) in [
            (Dialect::Servers, "{\"a\": 1"),
            (Dialect::Servers, "{\"a\": 1 \"b\": 2}"),
            (Dialect::Servers, "[]"),
            (Dialect::Servers, "{\"mcpServers\": []}"),
            (Dialect::Words, "{\"mcp\": \"no\"}"),
            (Dialect::Tables, "[mcp_servers"),
            (Dialect::Tables, "mcp_servers = 4"),
        ] {
            assert!(found(dialect, text).is_err(), "{text}");
            assert!(added(dialect, text, PROGRAM).is_err(), "{text}");
            assert!(removed(dialect, text).is_err(), "{text}");
        }
    }
}
