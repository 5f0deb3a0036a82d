//! What could go wrong with a task, by kind.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What could go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RiskKind {
    /// Something that others use changes.
    Production,
    /// A message leaves the house.
    External,
    /// Money.
    Financial,
    /// Something is gone for good.
    Destructive,
    /// Secrets or personal data.
    Sensitive,
    /// Who may do what.
    Access,
    /// The structure of the whole.
    Architecture,
}

impl RiskKind {
    /// The kind in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::External => "external",
            Self::Financial => "financial",
            Self::Destructive => "destructive",
            Self::Sensitive => "sensitive",
            Self::Access => "access",
            Self::Architecture => "architecture",
        }
    }
}

/// All kinds, in their order.
pub const KINDS: [RiskKind; 7] = [
    RiskKind::Production,
    RiskKind::External,
    RiskKind::Financial,
    RiskKind::Destructive,
    RiskKind::Sensitive,
    RiskKind::Access,
    RiskKind::Architecture,
];

impl fmt::Display for RiskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
