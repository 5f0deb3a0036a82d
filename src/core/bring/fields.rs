//! `**Estimated time:** 45 minutes`: lines that name what they say.

use crate::domain::task::CRITERIA_HEADINGS;

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// What it is about.
    Text,
    /// Outcomes.
    Criteria,
    /// What it is made with.
    Tech,
    /// A guess of the work.
    Estimate,
    /// How soon.
    Priority,
    /// Words to find it by.
    Labels,
    /// A model or an agent.
    Builder,
    /// A moment by which.
    Due,
    /// A moment before which not.
    NotBefore,
    /// What comes first.
    Depends,
    /// What stands in the way.
    Blockers,
    /// How far it is.
    Status,
    /// Its name in its list.
    Name,
    /// What it is called.
    Title,
    /// A fact that stays in the text under this name.
    Fact,
}

/// Names of keys, in lower case, without `:`.
const NAMES: &[(&[&str], Key)] = &[
    (
        &[
            "description",
            "goal",
            "summary",
            "objective",
            "what",
            "details",
            "overview",
            "task",
            "beschreibung",
            "ziel",
            "descripción",
            "descripcion",
            "objetivo",
            "descrição",
            "objectif",
            "描述",
            "说明",
            "目标",
            "説明",
            "описание",
            "цель",
        ],
        Key::Text,
    ),
    (CRITERIA_HEADINGS, Key::Criteria),
    (
        &[
            "criteria",
            "requirements met when",
            "acceptance",
            "dod",
            "ac",
            "outcomes",
            "checklist",
            "subtasks",
            "sub-tasks",
            "akzeptanzkriterien",
            "abnahmekriterien",
            "kriterien",
            "fertig, wenn",
            "criterios de aceptación",
            "criterios",
            "entregables",
            "critérios de aceitação",
            "critérios",
            "critères d'acceptation",
            "critères",
            "livrables",
            "验收标准",
            "完成标准",
            "完了条件",
            "受け入れ基準",
            "критерии",
            "критерии приёмки",
        ],
        Key::Criteria,
    ),
    (
        &[
            "tech stack",
            "tech",
            "stack",
            "technology",
            "technologies",
            "tools",
            "languages",
            "technik",
            "tecnología",
            "tecnologías",
            "tecnologia",
            "tecnologias",
            "技术栈",
            "技術",
            "технологии",
        ],
        Key::Tech,
    ),
    (
        &[
            "estimated time",
            "estimate",
            "estimated",
            "time estimate",
            "effort",
            "est",
            "est.",
            "estimated effort",
            "time",
            "duration estimate",
            "eta",
            "aufwand",
            "schätzung",
            "dauer",
            "estimación",
            "estimativa",
            "estimation",
            "durée estimée",
            "tiempo estimado",
            "tempo estimado",
            "预计时间",
            "估计",
            "見積もり",
            "оценка",
        ],
        Key::Estimate,
    ),
    (
        &[
            "priority",
            "prio",
            "urgency",
            "priorität",
            "prioridad",
            "prioridade",
            "priorité",
            "优先级",
            "優先度",
            "приоритет",
        ],
        Key::Priority,
    ),
    (
        &[
            "labels",
            "label",
            "tags",
            "tag",
            "category",
            "categories",
            "area",
            "component",
            "type",
            "kategorie",
            "categoría",
            "etiquetas",
            "catégorie",
            "标签",
            "分类",
            "метки",
        ],
        Key::Labels,
    ),
    (
        &["model", "agent", "builder", "assigned model", "llm", "modell", "modelo", "模型"],
        Key::Builder,
    ),
    (
        &[
            "due",
            "due date",
            "deadline",
            "due by",
            "target date",
            "needed by",
            "fällig",
            "frist",
            "termin",
            "fecha límite",
            "vencimiento",
            "prazo",
            "échéance",
            "date limite",
            "截止日期",
            "期限",
            "срок",
        ],
        Key::Due,
    ),
    (
        &["not before", "start date", "start after", "scheduled", "wait until", "startdatum"],
        Key::NotBefore,
    ),
    (
        &[
            "depends on",
            "dependencies",
            "dependency",
            "depends",
            "requires",
            "after",
            "blocked by",
            "prerequisites",
            "prerequisite",
            "deps",
            "abhängig von",
            "abhängigkeiten",
            "depende de",
            "dependencias",
            "dependências",
            "dépend de",
            "dépendances",
            "依赖",
            "依存",
            "зависит от",
            "зависимости",
        ],
        Key::Depends,
    ),
    (
        &[
            "blockers",
            "blocker",
            "blocked",
            "blocked on",
            "waiting for",
            "waiting on",
            "why [not ready]",
            "why not ready",
            "blockiert durch",
            "wartet auf",
            "bloqueado por",
            "阻塞",
            "блокеры",
        ],
        Key::Blockers,
    ),
    (
        &["status", "state", "estado", "statut", "stand", "progress", "状态", "状態", "статус"],
        Key::Status,
    ),
    (&["id", "task id", "key", "ticket", "#", "no", "no.", "nr"], Key::Name),
    (&["title", "name", "titel", "título", "titre", "名称"], Key::Title),
    (
        &[
            "added",
            "created",
            "completed",
            "completed on",
            "started",
            "updated",
            "last updated",
            "finished",
            "owner",
            "assignee",
            "assigned to",
            "assigned",
            "requested by",
            "duration",
            "actual time",
            "time spent",
            "author",
            "reporter",
            "milestone",
            "sprint",
            "version",
            "release",
            "erstellt",
            "hinzugefügt",
            "erledigt am",
            "creado",
            "criado",
            "créé",
        ],
        Key::Fact,
    ),
];

/// The key of a name.
pub fn key(name: &str) -> Option<Key> {
    let plain = super::words::trimmed(name).trim_end_matches(['.', ':', '：']).to_lowercase();
    let plain = plain.replace(['`', '*'], "").replace('_', " ");
    let plain = plain.trim();
    NAMES.iter().find(|(names, _)| names.contains(&plain)).map(|(_, key)| *key)
}

/// A line that names what it says: its name as written, its key, its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// As it is written.
    pub name: &'a str,
    /// What it means.
    pub key: Key,
    /// What it says; may go on below.
    pub value: &'a str,
}

/// The longest name of a key, in characters.
const LONGEST_NAME: usize = 40;

/// Reads `**Name:** value`, `**Name**: value`, `**Name.** value`, `_Name_: value`, `Name: value`.
pub fn field(text: &str) -> Option<Field<'_>> {
    let text = text.trim();
    for mark in ["**", "__", "*", "_", "`"] {
        let Some(rest) = text.strip_prefix(mark) else { continue };
        let (inside, after) = rest.split_once(mark)?;
        if inside.chars().count() > LONGEST_NAME {
            return None;
        }
        let inside = inside.trim();
        let name = inside.trim_end_matches([':', '：', '.']);
        let (name, inner) = match name.split_once(": ") {
            Some((name, inner)) if after.trim().is_empty() => (name, Some(inner)),
            _ => (name, None),
        };
        let after = after.trim_start();
        let named = name.len() < inside.len() || after.starts_with([':', '：']) || after.is_empty();
        let after = after.trim_start_matches([':', '：']).trim();
        let key = key(name).filter(|_| named || inner.is_some())?;
        return Some(Field { name, key, value: inner.unwrap_or(after) });
    }
    let (name, value) = text.split_once([':', '：'])?;
    if name.chars().count() > LONGEST_NAME || value.starts_with("//") {
        return None;
    }
    let key = key(name)?;
    Some(Field { name: super::words::trimmed(name), key, value: value.trim() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_dressed() {
        for (line, key, value) in [
            ("**Description:** Connect it.", Key::Text, "Connect it."),
            ("**Goal.** Three ends.", Key::Text, "Three ends."),
            ("**Priority**: High", Key::Priority, "High"),
            ("**Priority: High**", Key::Priority, "High"),
            ("*Estimate:* 2h", Key::Estimate, "2h"),
            ("Status: ✅ Done", Key::Status, "✅ Done"),
            ("⏱ Estimated Time: 45 minutes", Key::Estimate, "45 minutes"),
            ("`depends_on`: #3", Key::Depends, "#3"),
            ("**Completion Criteria:**", Key::Criteria, ""),
            ("优先级：高", Key::Priority, "高"),
            ("Priorität: hoch", Key::Priority, "hoch"),
        ] {
            let read = field(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((read.key, read.value), (key, value), "{line}");
        }
        for line in ["**Bold** start of a sentence", "Note that: this", "https://a.b", "a", ""] {
            assert_eq!(field(line), None, "{line}");
        }
    }
}
