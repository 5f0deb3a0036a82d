//! What words can be: the classes of the lexicon, and the forms in which verbs stand. `build.rs` uses
//! them too.

use std::ops::BitOr;

/// What a word can do in a sentence. A word may be of several classes; its place decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub enum Class {
    // Verbs of work on the repository.
    Build, Change, Repair, Test, Document, Tidy, Study, Decide, Show, Guard, Draft,
    // Verbs that act on the world.
    Deploy, Publish, Send, Post, Pay, MoveMoney, Destroy, Remove, Grant, Connect, Run, Setting,
    Handle, Rework, SignUp,
    // Verbs that say little, and verbs that say what will be different.
    Vague, Exact,
    // Things of the repository.
    Code, Ui, Doc, Trial, Stage, Machine, Sketch, Ticket, Account, Legal, Batch, Public,
    // Things of the world.
    Data, People, Owner, Channel, Mail, Campaign, MailSystem, Money, Worth, Ware, Prod, Host,
    Registry, Offer, Secret, Personal, Rights, Structure, Tongue, Plan,
    // Small words.
    Not, Quant, Prep, And, Det, Modal, Be, When, Live, Scale, Adjective,
}

/// A set of classes: one bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(pub u128);

impl Classes {
    /// No class.
    pub const NONE: Self = Self(0);

    /// The set of these.
    pub const fn of(list: &[Class]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < list.len() {
            bits |= 1 << list[at] as u128;
            at += 1;
        }
        Self(bits)
    }

    /// The set with one more.
    pub const fn with(self, class: Class) -> Self {
        Self(self.0 | 1 << class as u128)
    }

    /// Whether the class is in the set.
    pub const fn has(self, class: Class) -> bool {
        self.0 & (1 << class as u128) != 0
    }

    /// Whether the sets share a class.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set without those of the other.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether no class is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Classes {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The form in which a verb stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `send`
    #[default]
    Base,
    /// `sends`
    Third,
    /// `sent`
    Past,
    /// `sending`
    Gerund,
    /// `deletion`
    Nominal,
}

/// What is known of a word or phrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Every class it can be of.
    pub classes: Classes,
    /// Its form, should it be a verb.
    pub form: Form,
}
