//! Tables: one item per row, or one field per row.

use super::Item;
use super::fields::{self, Key};
use super::inline;
use super::rows::{self, Row};
use super::words::{one_line, slug, unstressed};

/// Names of the column that names the item.
const TITLES: &[&str] = &[
    "task",
    "title",
    "name",
    "item",
    "feature",
    "build",
    "project",
    "what",
    "story",
    "issue",
    "todo",
    "batch",
    "description",
    "aufgabe",
    "tarea",
    "tarefa",
    "tâche",
    "任务",
    "タスク",
    "задача",
];

fn cells(line: &str) -> Vec<String> {
    let line = line.trim().trim_start_matches('|');
    let line = line.strip_suffix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        match c {
            '|' if !escaped => cells.push(String::new()),
            _ => cells.last_mut().into_iter().for_each(|cell| cell.push(c)),
        }
        escaped = c == '\\';
        if cells.len() > 64 {
            break;
        }
    }
    cells.iter().map(|cell| one_line(&cell.replace("\\|", "|"))).collect()
}

/// `|---|:--:|`
pub fn is_line(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '='))
}

/// `| Priority | High |`
pub fn pair(line: &str) -> Option<(&str, Key, &str)> {
    let line = line.trim().trim_matches('|');
    let (name, value) = line.split_once('|')?;
    let name = name.trim().trim_matches(['*', '`']);
    let value = value.trim();
    (!value.contains('|')).then_some(())?;
    Some((name, fields::key(name)?, value))
}

/// The items of a table with a head that names a title; `None` where it is another table.
pub fn items(rows: &[Row]) -> Option<Vec<Item>> {
    let [head, line, rest @ ..] = rows else { return None };
    if !is_line(&line.text) {
        return None;
    }
    let names = cells(&head.text);
    let plain = |name: &String| unstressed(name).to_lowercase();
    let title = TITLES.iter().find_map(|title| names.iter().position(|n| plain(n) == *title))?;
    let item = |row: &Row| {
        let cells = cells(&row.text);
        let own = cells.get(title).filter(|cell| !inline::is_placeholder(cell))?;
        let mut item = inline::item(own);
        for (name, cell) in
            names.iter().zip(&cells).enumerate().filter(|(at, _)| *at != title).map(|(_, p)| p)
        {
            let bare = unstressed(name);
            match fields::key(&bare) {
                Some(key) => item.take(&bare, key, cell),
                None if bare.is_empty() || rows::boxed(cell).0.is_some() => item.stands(cell),
                None => item.note(&bare, cell),
            }
        }
        item.key = slug(&item.title);
        Some(item)
    };
    Some(rest.iter().filter(|row| !is_line(&row.text)).filter_map(item).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_an_item() {
        let text = "| # | Task | Status | Prio | Est |\n|---|:-:|---|---|---|\n\
                    | 1 | **Add login** | ✅ Done | P1 | 2h |\n| 2 | Add a \\| b | | low | ? |\n";
        let (rows, _) = rows::rows(text);
        let items = items(&rows).unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(items[0].title, "Add login");
        assert_eq!(items[0].state, super::super::State::Done);
        assert_eq!(items[0].aliases, ["1"]);
        assert_eq!(items[1].title, "Add a | b");
        assert_eq!(items[1].notes, [("Est".to_owned(), "?".to_owned())]);
        let (rows, _) = rows::rows("| Who | When |\n|---|---|\n| a | b |\n");
        assert_eq!(super::items(&rows), None);
        assert_eq!(pair("| **Priority** | High |"), Some(("Priority", Key::Priority, "High")));
    }
}
