//! Verbs of everyday backlogs, by what they do.

use super::classes::Class::{self, *};

/// Base forms, commas between them; every form of a verb counts. A `+` ends a verb that takes a
/// particle (`roll+ out`): the particle stands behind whatever form the verb has.
pub const VERBS: &[(Class, &str)] = &[
    (
        Build,
        "add, allow, assemble, automate, bootstrap, bring, build, code, compose, construct, craft, \
         create, define, design, develop, embed, enable, establish, expose, extend, generate, \
         implement, include, incorporate, insert, install, introduce, let, make, offer, produce, \
         prototype, provide, register, scaffold, set+ up, setup, support, surface, wire, wire+ up, \
         write, integrate, hook+ up, emit, put+ together",
    ),
    (
        Change,
        "adapt, adjust, align, alter, append, apply, attach, bump, cache, cap, change, collapse, collect, \
         convert, copy, customize, downgrade, edit, expand, filter, fold, group, handle, hide, \
         highlight, increase, decrease, infer, inject, keep, limit, load, lower, map, merge, \
         modify, move, normalize, override, pad, parse, pass, persist, pin, poll, port, preserve, queue, raise, read, record, \
         redirect, reduce, replace, resize, resolve, respect, return, reuse, round, save, scroll, select, \
         set, shorten, skip, sort, split, store, strip, swap, switch, sync, throttle, toggle, track, trim, tune, turn, \
         unify, update, upgrade, use, validate, wrap, honor, honour, accept, retry, raise, debounce, paginate, embed, \
         sanitize, escape, encode, decode, serialize, compress, animate, center, start, stop, open, close, reopen",
    ),
    (
        Repair,
        "fix, repair, correct, debug, patch, mend, hotfix, address, solve, unbreak, stabilize, \
         resolve, handle, restore, recover",
    ),
    (
        Test,
        "probar, testen, tester, testear, test, verify, assert, cover, mock, stub, simulate, reproduce, benchmark, fuzz, exercise, \
         check, smoke-test, dry-run, unit-test, profile, rehearse",
    ),
    (
        Document,
        "dokumentieren, documentar, documenter, document, describe, explain, annotate, outline, illustrate, note, mention, list, translate, proofread, \
         spell+ out",
    ),
    (
        Tidy,
        "rename, refactor, reformat, format, lint, tidy, tidy+ up, extract, inline, simplify, reword, \
         rephrase, clarify, restyle, typecheck, type, deduplicate, modularize, reorder, alphabetize, indent, \
         localize, internationalize",
    ),
    (
        Study,
        "research, investigate, explore, study, analyze, analyse, assess, evaluate, compare, \
         survey, brainstorm, review, audit, spike, find+ out, figure+ out, identify, learn, \
         understand, examine, look+ into, experiment, think, look+ at, dig+ into, scope, ideate",
    ),
    (
        Decide,
        "choose, decide, pick, determine, finalize, agree, discuss, consider, propose, weigh, \
         settle, clarify, decide+ on, select",
    ),
    (
        Show,
        "show, display, list, print, render, view, visualize, visualise, chart, graph, plot, log, report, \
         count, highlight, preview, read, parse, format, search, filter, sort, paginate, compute, calculate, \
         summarize, summarise, browse, cache, mask, hide, validate, convert, round, animate, align",
    ),
    (
        Guard,
        "prevent, avoid, warn, refuse, reject, confirm, protect, block, disallow, forbid, guard, detect, undo, \
         restore, recover, retain, preserve, ask, require, double-check, back+ up",
    ),
    (
        Deploy,
        "desplegar, bereitstellen, ausrollen, déployer, implantar, deploy, redeploy, roll+ out, rollout, go+ live, cut+ over, cutover, push+ live, take+ live, put+ live, \
         bring+ online, go+ public, put+ online, put+ into production, take+ offline, take+ down, failover, fail+ over",
    ),
    (
        Publish,
        "push a release, publish, release, launch, relaunch, re-launch, ship, republish, unpublish, soft-launch",
    ),
    (
        Send,
        "enviar, senden, versenden, verschicken, envoyer, inviare, mandar, send, email, e-mail, mail, message, dm, broadcast, blast, forward, fax, resend, \
         invite, contact, pitch, reply, respond, approach, follow+ up, reach+ out, text, fire, cold-email, \
         cold-call, get+ in touch, notify, phone, call, write+ to, deliver, remind, nudge, survey",
    ),
    (
        Post,
        "post, tweet, retweet, announce, share, promote, advertise, crosspost, cross-post, comment, reopen, close, \
         submit, upload, market, publicize, repost, auto-post, publish, schedule, pre-schedule, list, apply, push",
    ),
    (
        Pay,
        "hire, pagar, bezahlen, comprar, kaufen, acheter, payer, comprare, überweisen, reembolsar, erstatten, pay, buy, purchase, charge, refund, invoice, bill, reimburse, donate, invest, withdraw, \
         deposit, pay+ out, sell, renew, subscribe, top+ up, prepay, auto-charge, overcharge, payout, bid, remit, auto-renew, \
         pay+ for",
    ),
    (
        MoveMoney,
        "order, transfer, trade, credit, settle, collect, spend, hire, wire, process, accept, raise, increase, lower, \
         change, upgrade, cancel, book, reserve, place, file, release, approve, discount, waive, issue, send, reprice",
    ),
    (
        Destroy,
        "eliminar, borrar, löschen, supprimer, excluir, apagar, effacer, eliminare, delete, wipe, purge, truncate, erase, destroy, nuke, drop, shred, obliterate, scrub, eradicate, \
         expunge, decommission, force+ push, tear+ down, teardown, terminate, deprovision, force-push, bulk-delete, mass-delete, \
         overwrite, auto-delete, hard-delete, wipe+ out, anonymize, anonymise, cull, blow+ away, get+ rid of",
    ),
    (
        Remove,
        "remove, clear, clear+ out, clean, clean+ up, cleanup, prune, reset, flush, empty, \
         discard, expire, retire, evict, deactivate, disable, kill, compact, vacuum, deduplicate, \
         dedupe, squash, cancel, close, shut+ down, shutdown, archive, trim, throw+ away, rewrite, uninstall, merge, reformat, \
         rotate+ out, unregister, detach, garbage-collect, sunset",
    ),
    (
        Grant,
        "grant, revoke, authorize, authorise, permit, whitelist, allowlist, invite, promote, \
         elevate, impersonate, unlock, expose, open+ up, share, deny, ban, suspend, give, open, make, restrict, \
         lock+ down, assign, remove, block, deprovision, onboard, offboard, demote",
    ),
    (
        Connect,
        "connect, integrate, sync, synchronize, import, link, access, monitor, scan, fetch, pull, \
         hook+ up, ingest, scrape, read, triage, pair, export, download, watch, crawl, mirror, parse, reconcile, manage, \
         query, process, extract, collect, categorize, classify, summarize, summarise, check, forward, back+ up, backup, prep, \
         organize, organise, sort, automate, draft, unsubscribe, archive, analyze, analyse, track, add, set+ up, setup, \
         build, implement, use, load, capture, record",
    ),
    (
        Run,
        "run, execute, apply, trigger, enable, turn+ on, turn+ off, restart, reboot, activate, start, switch+ on, \
         backfill, perform, roll+ back, rollback, scale, migrate, disable, patch, upgrade, update, change, set, \
         configure, switch, install, reindex, restore, move, promote, merge, push, ssh, log+ in, edit, \
         insert, seed, point, swap, rotate, reconfigure, enable, hotfix, debug, provision, resize, fix, test, create, add, bump, \
         import, load, copy, clean, tune, vacuum, alter, flip, toggle",
    ),
    (
        Setting,
        "set, configure, rotate, reconfigure, point, register, renew, change, update, set+ up, setup, \
         provision, transfer, switch, move, migrate, buy, attach, connect, spin+ up, stand+ up, enable, issue, \
         map, verify, create, add, replace, host, purchase, resize, reboot, restart, upgrade, install, run",
    ),
    (
        Handle,
        "set, configure, rotate, put, store, register, renew, change, update, regenerate, reissue, \
         replace, create, generate, upload, provide, copy, load, share, encrypt, decrypt, export, \
         dump, collect, set+ up, setup, add, obtain, request, move, save, reset, revoke, expose, print, log, send, use, fetch, \
         read, migrate, extract, hardcode, paste, commit, enter, manage, distribute, get, leak, inject, sync, embed, need, \
         backfill, import, enrich, sell, anonymize, track, remove, scrub, delete, transfer, process, query, build, implement",
    ),
    (
        Rework,
        "rewrite, re-architect, rearchitect, restructure, reorganize, reorganise, overhaul, redesign, \
         migrate, port, replace, switch, convert, move, split, break+ up, decouple, replatform, \
         modularize, consolidate, unify, adopt, transition, rebuild, rework, swap, upgrade, re-platform, \
         re-implement, reimplement, rename, move+ away from, carve+ out, merge, choose, pick, select, decide, decide+ on, reshape, \
         rearrange, refactor, extract, introduce, abstract, separate, flatten, invert, design, redo, modernize, dockerize, shard",
    ),
    (
        Draft,
        "draft, plan, prepare, outline, sketch, mock+ up, wireframe, compile, propose, brainstorm, template, \
         preview, proofread, edit",
    ),
    (
        SignUp,
        "sign, file, negotiate, incorporate, notarize, sign+ up, signup, enroll, enrol, register, apply, join, subscribe, log+ in, create, open, get, claim",
    ),
    (
        Vague,
        "improve, enhance, polish, optimize, optimise, refine, modernize, modernise, streamline, boost, revamp, \
         strengthen, beautify, tweak, harden, level+ up, clean+ up, cleanup, freshen+ up, spruce+ up, elevate, upgrade, \
         overhaul, rework, maximize, leverage, unlock, supercharge, tidy+ up, flesh+ out, investigate, look+ into, \
         look+ at, explore, think+ about, revisit, address, rethink, deal+ with, work+ on, finish, finalize, continue, handle, \
         professionalize, perfect, ensure, audit, review",
    ),
    (
        Exact,
        "fetch, import, export, generate, serve, accept, block, notify, assign, rename, replace, bump, pin, remove, delete, move, set, change, swap, fix, update, upgrade, run, convert, add, write, \
         revert, rotate, disable, enable, drop, extract, split, document, expose, hide, show, return, log, print, sort, \
         cap, limit, validate, reject, allow, support, respect, use, merge, port, switch, raise, lower, retry, cache, store, \
         parse, escape, publish, release, deploy, tag, refund, cancel, buy, renew, send, refactor, translate, create, \
         prevent, make, let, skip, handle, display, sync, test, cover, delete, purge, archive, rewrite, migrate, increase, reduce, \
         decrease, warn, stop, mark, redirect, load, save, wrap, inline, strip, trim, round, format, resize, persist, preserve",
    ),
];

/// Forms that no rule makes: form, base.
pub const IRREGULAR: &[(&str, &str)] = &[
    ("sent", "send"),
    ("resent", "resend"),
    ("bought", "buy"),
    ("paid", "pay"),
    ("built", "build"),
    ("rebuilt", "rebuild"),
    ("wrote", "write"),
    ("written", "write"),
    ("rewritten", "rewrite"),
    ("rewrote", "rewrite"),
    ("ran", "run"),
    ("sold", "sell"),
    ("gave", "give"),
    ("given", "give"),
    ("went", "go"),
    ("gone", "go"),
    ("overwritten", "overwrite"),
    ("overwrote", "overwrite"),
    ("torn", "tear"),
    ("tore", "tear"),
    ("made", "make"),
    ("brought", "bring"),
    ("withdrew", "withdraw"),
    ("took", "take"),
    ("taken", "take"),
    ("chose", "choose"),
    ("chosen", "choose"),
    ("found", "find"),
    ("thought", "think"),
    ("spent", "spend"),
    ("blew", "blow"),
    ("got", "get"),
];

/// Nouns that stand for the act of a verb.
pub const NOMINALS: &[(Class, &str)] = &[
    (Deploy, "deployment, redeployment, rollout, go-live, cutover, switchover"),
    (
        Publish,
        "publicar, veröffentlichen, publier, lanzar, lançar, lancer, pubblicare, release, launch, publication, relaunch, publish",
    ),
    (Destroy, "deletion, purge, wipe, teardown, destruction, decommissioning, truncation"),
    (Remove, "removal, cleanup, clean-up, deactivation, deprovisioning"),
    (
        Rework,
        "migration, rewrite, restructuring, reorganization, reorganisation, overhaul, redesign, port, rearchitecture, \
         re-architecture, replatforming, consolidation, modularization, split, switch, upgrade, conversion, transition",
    ),
    (Send, "mailing, mailshot"),
    (Pay, "purchase, refund, reimbursement"),
];
