//! The tables of keys as JSON Schema (draft 2020-12), for editors.
//!
//! What buildq reads without a word passes; what only buildq can tell, such as whether a builder is
//! defined, passes as well.

use chrono_tz::TZ_VARIANTS;
use serde_json::{Map, Value, json};

use crate::domain::config::keys as config;
use crate::domain::keys::{self, Form, Key, Role, Spelling};
use crate::domain::task::keys as task;

/// The version of JSON Schema that both are written in.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Of `buildq.yaml`.
pub fn of_config() -> Value {
    let table = Table { keys: config::TABLE, groups: config::GROUPS };
    let about = "The policy of buildq in one repository: every key may be left out.";
    whole("buildq.yaml", about, table.mapping(""))
}

/// Of a task file: the front matter of a Markdown one, the whole of a YAML one. Its keys may be
/// written in any case, with `-` and blanks as good as `_`.
pub fn of_task() -> Value {
    let mut mapping = mapping(task::FRONT);
    let mut add = |name: &'static str, value: Value| {
        if let Some(all) = mapping.get_mut(name).and_then(Value::as_object_mut) {
            let more = value.as_object().cloned().unwrap_or_default();
            all.extend(more);
        }
    };
    add("properties", Value::Object(properties(task::BODY)));
    let names = task::FRONT.iter().chain(task::BODY).map(|key| key.path);
    let loose = names.map(|name| (loosely(name), json!({"$ref": format!("#/properties/{name}")})));
    mapping.insert("patternProperties".into(), Value::Object(loose.collect()));
    let about = "One task of buildq: every key may be left out.";
    whole("A task of buildq", about, mapping)
}

fn whole(title: &str, about: &str, mapping: Map<String, Value>) -> Value {
    let mut all = nullable(mapping);
    all.insert("$schema".into(), DRAFT.into());
    all.insert("title".into(), title.into());
    all.insert("description".into(), about.into());
    Value::Object(all)
}

/// A table whose paths have several parts.
#[derive(Clone, Copy)]
struct Table {
    keys: &'static [Key],
    groups: &'static [(&'static str, &'static str)],
}

impl Table {
    /// The mapping at a path.
    fn mapping(self, path: &str) -> Map<String, Value> {
        let names = keys::below(self.keys, path);
        let full = |name: &str| match path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        let of = |path: &str| self.keys.iter().find(|key| key.path == path);
        let properties = names.iter().map(|name| {
            let path = full(name);
            let value = match of(&path) {
                Some(key) => self.property(key),
                None => self.group(&path),
            };
            ((*name).to_owned(), value)
        });
        let properties = properties.collect();
        let own: Vec<&Key> = names.iter().filter_map(|name| of(&full(name))).collect();
        closed(properties, &own)
    }

    fn group(self, path: &str) -> Value {
        let mut mapping = nullable(self.mapping(path));
        let about = self.groups.iter().find(|(of, _)| *of == path);
        mapping.extend(about.map(|(_, about)| ("description".to_owned(), Value::from(*about))));
        Value::Object(mapping)
    }

    /// A key; the names that people choose lead on in the same table.
    fn property(self, key: &Key) -> Value {
        let Form::Named(name) = key.form else { return property(key) };
        let each = nullable(self.mapping(&format!("{}.NAME", key.path)));
        let mut named = object();
        named.insert("additionalProperties".into(), Value::Object(each));
        named.insert("propertyNames".into(), json!({"pattern": name.pattern}));
        described(named, key)
    }
}

/// The mapping of a small table.
fn mapping(keys: &'static [Key]) -> Map<String, Value> {
    closed(properties(keys), &keys.iter().collect::<Vec<_>>())
}

fn properties(keys: &[Key]) -> Map<String, Value> {
    keys.iter().map(|key| (key.path.to_owned(), property(key))).collect()
}

fn object() -> Map<String, Value> {
    Map::from_iter([("type".to_owned(), Value::from("object"))])
}

/// A mapping of these properties and no others, with what it needs.
fn closed(properties: Map<String, Value>, keys: &[&Key]) -> Map<String, Value> {
    let name = |key: &Key| key.path.rsplit('.').next().unwrap_or(key.path);
    let with = |role: Role| keys.iter().filter(move |key| key.role == role).map(|key| name(key));
    let must: Vec<&str> = with(Role::Must).collect();
    let one = with(Role::OneOf).map(|name| json!({"type": "object", "required": [name]}));
    let one: Vec<Value> = one.collect();
    let mut mapping = object();
    mapping.extend(conditions(keys));
    mapping.insert("properties".into(), Value::Object(properties));
    mapping.insert("additionalProperties".into(), false.into());
    if !must.is_empty() {
        mapping.insert("required".into(), must.into());
    }
    if !one.is_empty() {
        mapping.insert("oneOf".into(), one.into());
    }
    mapping
}

/// What is needed on account of other keys.
fn conditions(keys: &[&Key]) -> Map<String, Value> {
    let says = |other: &str, words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| any_case(word)).collect();
        let pattern = format!("^\\s*(?:{})\\s*$", words.join("|"));
        json!({"properties": {other: {"type": "string", "pattern": pattern}}, "required": [other]})
    };
    let rules = keys.iter().filter_map(|key| {
        let needed = json!({"required": [key.path]});
        match key.role {
            Role::May | Role::Must | Role::OneOf => None,
            Role::If(other, words) => Some(json!({"if": says(other, words), "then": needed})),
            Role::Unless(other, word) => {
                Some(json!({"if": says(other, &[word]), "then": true, "else": needed}))
            }
            Role::With(other) => Some(json!({"if": {"required": [other]}, "then": needed})),
        }
    });
    let rules: Vec<Value> = rules.collect();
    let all = (!rules.is_empty()).then(|| ("allOf".to_owned(), rules.into()));
    all.into_iter().collect()
}

fn property(key: &Key) -> Value {
    described(form(&key.form), key)
}

/// What is for a person: what it is for, what may stand there, and what counts where nothing does.
fn described(schema: Map<String, Value>, key: &Key) -> Value {
    let mut schema = nullable(schema);
    schema.insert("description".into(), format!("{}\n\n{}", key.about, sentence(key)).into());
    if let Some(default) = key.default {
        schema.insert("default".into(), value(default));
    }
    if let Some(spelling) = key.form.spelling() {
        let examples = spelling.examples.iter().map(|example| value(example));
        schema.insert("examples".into(), examples.collect());
    }
    Value::Object(schema)
}

fn sentence(key: &Key) -> String {
    let means = means(&key.form);
    match key.default {
        Some(default) => format!("{means}; default: `{default}`"),
        None => means,
    }
}

/// A default or an example, as YAML would read it.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

impl Form {
    /// How its texts are spelt, if that is all there is to them.
    fn spelling(&self) -> Option<&'static Spelling> {
        match self {
            Self::Spelt(spelling) => Some(spelling),
            Self::NoneOr(form) | Self::List(form) | Self::Commas(form) => form.spelling(),
            _ => None,
        }
    }
}

/// In words.
fn means(form: &Form) -> String {
    match form {
        Form::Text => "a text".into(),
        Form::Flag => "`true` or `false`".into(),
        Form::Yes => "`true`".into(),
        Form::Number(low, high) => format!("a whole number from {low} to {high}"),
        Form::Word(words) => format!("one of `{}`", words.join("`, `")),
        Form::Spelt(spelling) => spelling.means.into(),
        Form::Dollars => "US dollars such as `5.00`".into(),
        Form::Zone => "a time zone such as `Europe/Berlin`".into(),
        Form::Command => "a command line, which no shell sees, or a list of its words".into(),
        Form::NoneOr(form) => format!("`none`, or {}", means(form)),
        Form::List(form) => format!("{}, or a list of these", means(form)),
        Form::Commas(form) => format!("{}, or a list of these", means(form)),
        Form::Either(forms) => forms.iter().map(means).collect::<Vec<_>>().join(", or "),
        Form::Keys(keys) => {
            let names: Vec<_> = keys.iter().map(|key| format!("`{}`", key.path)).collect();
            format!("keys with values: {}", names.join(", "))
        }
        Form::Named(spelling) => format!("keys with values below names of {}", spelling.means),
    }
}

/// What passes.
fn form(form: &Form) -> Map<String, Value> {
    let schema = match form {
        Form::Text => json!({"type": BARE}),
        Form::Flag => json!({"type": "boolean"}),
        Form::Yes => json!({"enum": [true]}),
        // In quotes it is as good.
        Form::Number(low, high) => json!({
            "type": ["integer", "string"], "minimum": low, "maximum": high,
            "pattern": "^\\s*\\+?[0-9]+\\s*$",
        }),
        Form::Word(words) => {
            let others = words.iter().map(|word| any_case(word)).collect::<Vec<_>>().join("|");
            let others = format!("^\\s*(?:{others})\\s*$");
            json!({"anyOf": [{"enum": words}, {"type": "string", "pattern": others}]})
        }
        Form::Spelt(Spelling { pattern, bare: true, .. }) => {
            json!({"type": BARE, "pattern": pattern})
        }
        Form::Spelt(spelling) => json!({"type": "string", "pattern": spelling.pattern}),
        Form::Dollars => json!({
            "type": ["number", "string"], "minimum": 0, "pattern": "^\\s*[0-9]*\\.?[0-9]*\\s*$",
        }),
        Form::Zone => {
            let names: Vec<&str> = TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
            json!({"enum": names})
        }
        Form::Command => json!({"anyOf": [
            {"type": BARE, "pattern": "\\S"},
            {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}, "minItems": 1},
        ]}),
        Form::NoneOr(inner) => {
            let none = format!("^{}$", any_case("none"));
            either(
                vec![json!({"enum": ["none"]}), json!({"pattern": none, "type": "string"})],
                inner,
            )
        }
        Form::List(inner) => either(vec![list(inner)], inner),
        Form::Commas(inner) => json!({"anyOf": [{"type": BARE}, list(inner)]}),
        Form::Either(forms) => {
            json!({"anyOf": forms.iter().map(self::form).collect::<Vec<_>>()})
        }
        Form::Keys(keys) => return mapping(keys),
        // Only a table knows what lies below.
        Form::Named(_) => return object(),
    };
    schema.as_object().cloned().unwrap_or_default()
}

/// What YAML takes for a number or a truth value is a text to buildq.
const BARE: [&str; 3] = ["string", "number", "boolean"];

/// What is left out of a list counts for nothing.
fn list(inner: &Form) -> Value {
    json!({"type": "array", "items": nullable(form(inner))})
}

fn either(mut others: Vec<Value>, inner: &Form) -> Value {
    let inner = form(inner);
    match inner.get("anyOf").and_then(Value::as_array) {
        Some(forms) => others.splice(0..0, forms.clone()).for_each(drop),
        None => others.insert(0, Value::Object(inner)),
    }
    json!({"anyOf": others})
}

/// A key without a value is as good as none.
fn nullable(mut schema: Map<String, Value>) -> Map<String, Value> {
    let null = || Value::from("null");
    match schema.get_mut("type") {
        Some(Value::Array(types)) => types.push(null()),
        Some(one) => *one = Value::Array(vec![one.take(), null()]),
        None => {}
    }
    for several in ["anyOf", "oneOf"] {
        if let Some(Value::Array(forms)) = schema.get_mut(several) {
            forms.push(json!({"type": "null"}));
        }
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    schema
}

/// A pattern for a word in upper and lower case.
fn any_case(word: &str) -> String {
    let both = |c: char| match c.is_ascii_alphabetic() {
        true => format!("[{}{c}]", c.to_ascii_uppercase()),
        false => c.to_string(),
    };
    word.chars().map(both).collect()
}

/// A pattern for a key of a task, however it is written.
fn loosely(name: &str) -> String {
    format!("^\\s*{}\\s*$", any_case(name).replace('_', "[_ -]"))
}

#[cfg(test)]
mod tests;
