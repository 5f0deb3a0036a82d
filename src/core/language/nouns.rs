//! Nouns of everyday backlogs, by what they are, and the small words between them.

use super::classes::Class::{self, *};

/// Words and phrases, commas between them; plurals count.
pub const NOUNS: &[(Class, &str)] = &[
    (
        Code,
        "lock, memory, buffer, semaphore, comma, character, space, line, word, newline, live reload, live preview, live search, live update, hot reload, live region, real time, real-time, file permission, socket permission, file mode, function, method, class, variable, constant, module, import, dependency, dev dependency, devdependency, \
         flag, option, parameter, param, argument, arg, struct, enum, interface, trait, hook, helper, utility, wrapper, handler, \
         parser, regex, selector, attribute, property, prop, code, dead code, warning, error message, message format, \
         exception, log line, todo, snippet, template, loop, condition, shim, polyfill, \
         workaround, hack, duplication, whitespace, annotation, decorator, macro, callback, middleware, \
         route, controller, serializer, validator, stylesheet, css, style, markup, \
         endpoint, command, subcommand, feature, functionality, support, library, cache, caching, build artifact, \
         node_modules, print statement, console log, feature flag, workflow file, makefile, \
         lint, linter, formatter, type hint, typing, syntax, test helper, test case, logic, \
         implementation, cli, operation, action, request, response, job name, event name, field name, query, mutation, \
         resolver, reducer, getter, setter, constructor, singleton, factory, config option, default, key name, \
         mode, behavior, behaviour, event, listener, step, algorithm, signature, encoder, decoder, tokenizer, lexer, path, \
         converter, generator, formatter, counter, process, thread, browser, editor, terminal, window, loader, \
         mapper, bug, issue template, retry, timeout, exit code, stack trace, placeholder text, usage, call, calls, \
         calculator, calculation, rounding, scheduler, plugin, extension, adapter, config key, constant name, enum value",
    ),
    (
        Ui,
        "shadow, drop shadow, title, button, dialog, modal, menu, field, password strength, link, icon, label, tooltip, form, input, screen, view, \
         widget, panel, sidebar, header, footer, navbar, tab, badge, banner, toast, dropdown, checkbox, \
         toggle, slider, spinner, placeholder, layout, margin, padding, font, color, colour, theme, animation, wizard, \
         popup, shortcut, gesture, confirmation, ui, ux, component, section, page layout, page title, heading, \
         hover state, text field, text box, breadcrumb, avatar, thumbnail, popover, accordion, carousel, skeleton, \
         empty state, loading state, dark mode, keyboard shortcut, prompt, strength meter, meter, input field, list view, \
         context menu, autocomplete, typo, wording, card layout, progress bar, scrollbar, chart, logo, favicon, stylesheet, \
         alignment, spacing, contrast, copywriting, mockup, wireframe, page design, sound, sprite, sound effect, tile",
    ),
    (
        Doc,
        "doc, docs, documentation, readme, guide, tutorial, changelog, note, notes, runbook, wiki, \
         docstring, user manual, faq, example, adr, diagram, walkthrough, how-to, howto, checklist, cheat sheet, reference, \
         onboarding guide, comment, code comment, design doc, release notes, glossary, architecture doc, contributing, \
         instructions, playbook, postmortem, write-up, writeup, spec, rfc, policy page, process",
    ),
    (
        Trial,
        "test, unit test, integration test, e2e test, e2e, fixture, mock, stub, fake, sandbox, staging, \
         localhost, dry run, dry-run, demo, dummy, simulation, simulator, test mode, test suite, coverage, \
         test coverage, benchmark, seed data, test data, test database, dev database, emulator, temp, temporary, scratch, local, locally, \
         regression test, snapshot test, load test, smoke test, property test, spec file, preview environment, staging environment, \
         test account, test environment, development environment, in-memory, sample data, playground",
    ),
    (
        Data,
        "environment variable, env var, datos, daten, datenbank, base de datos, tabelle, tabla, données, konten, benutzerdaten, data, database, db, table, row, record, backup, snapshot, bucket, volume, disk, dataset, \
         history, account, user, customer, subscriber, order, photo, log, repository, \
         repo, collection, partition, instance, server, cluster, resource, vm, tenant, contact, \
         article, mailbox, archive, schema, email, message, member, client, lead, \
         log file, user file, everything, environment, project, host, container, image, index, sessions, queue entries, invoice, \
         user account, old account, namespace, deployment, droplet, drive, video, recording, document, post, bucket content, \
         stack, duplicate, player, sensor reading, metric, transaction, playlist, bookmark, issues, tickets, entries, events, branches, \
         commits, tags, stash, git history, main branch, upload, attachment, credential, device, profile, conversation, memory, memories",
    ),
    (
        People,
        "clientes, kunden, usuarios, benutzer, nutzer, utilisateurs, suscriptores, abonnenten, customer, user, client, subscriber, lead, prospect, audience, follower, \
         investor, press, journalist, vendor, supplier, partner, sponsor, candidate, applicant, member, guest, \
         patient, student, donor, everyone, attendee, parent, tenant, recipient, mailing list, email list, \
         visitor, fan, buyer, seller, player, merchant, driver, volunteer, influencer, blogger, employee, \
         staff, backer, tester, beta tester, beta user, newsletter list, reviewer, landlord, lawyer, accountant, \
         client list, neighbor, neighbour, contact, waitlist, wait list, waiting list, contractor, freelancer, agency, company, companies, \
         contributor, brand, creator, publisher, publication, editor-in-chief, shopper, owner of, traveler, resident, speaker, steward, shop owner",
    ),
    (
        Owner,
        "me, myself, us, you, ourselves, admin, operator, on-call, oncall, self, owner, ops, myself, \
         maintainer, stdout, stderr, console, log, file, developer, [redacted], ci, daemon, logger, dev team, our team",
    ),
    (
        Channel,
        "app review, customer review, store review, google review, twitter, x.com, linkedin, reddit, subreddit, hacker news, hackernews, show hn, hn, product hunt, \
         producthunt, facebook, instagram, tiktok, youtube, mastodon, bluesky, pinterest, \
         substack, quora, indie hackers, indiehackers, social media, socials, social, forum, discord, discord server, \
         whatsapp, whatsapp group, telegram channel, telegram group, twitch, app store, play store, google play, \
         chrome web store, etsy, ebay, amazon, gumroad, yelp, trustpilot, craigslist, \
         upstream, shorts, reels, ig, fb, tw, stack overflow, dev.to, medium, press, media outlets, news sites, blog, \
         facebook group, slack community, community, mailing list, marketplace, capterra, g2, betalist, alternativeto, \
         podcast, local paper, beta list, awesome list, devto, lobsters, linkedin group, youtube channel, threads, directories, job board",
    ),
    (
        Mail,
        "email, e-mail, mail, sms, text message, newsletter, dm, direct message, tweet, announcement, \
         campaign, press release, invitation, outreach, letter, welcome email, \
         confirmation email, whatsapp message, postcard, mailing, mailshot, \
         cold email, pitch, cover letter, review request, christmas card",
    ),
    (
        Campaign,
        "newsletter, outreach, drip, email drip, cold email, cold outreach, email campaign, marketing campaign, campaign, \
         marketing push, marketing, press release, drip campaign, email sequence, ad campaign, social post, social media post, tweet, \
         giveaway, referral program, affiliate program, sponsorship, launch post, product launch, launch announcement, \
         influencer, promo, email blast, mass email, guest post, linkedin post, instagram post, facebook post, reddit post, \
         autoresponder, welcome sequence, winback, win-back, abandoned cart email, marketing email, promotional email, \
         email newsletter, lead nurture, social media, social posting, reengagement, re-engagement, content syndication",
    ),
    (
        MailSystem,
        "twilio, sendgrid, mailgun, mailchimp, smtp, postmark, klaviyo, brevo, sendinblue, convertkit, \
         beehiiv, buffer, hootsuite, vonage, messagebird, customer.io, hubspot, \
         mailerlite, buttondown, activecampaign, amazon ses, aws ses, resend api, sendmail, mailjet, salesforce",
    ),
    (
        Money,
        "factura, rechnung, facture, pago, zahlung, paiement, pagamento, pagos, zahlungen, stripe, paypal, braintree, adyen, klarna, plaid, razorpay, mollie, lemon squeezy, \
         lemonsqueezy, paddle, venmo, quickbooks, xero, payment, billing, invoice, invoicing, refund, payout, credit card, debit card, \
         bank transfer, wire transfer, payroll, in-app purchase, iap, paywall, \
         subscription billing, subscription payment, paid plan, paid subscription, donation, escrow, sepa, apple pay, google pay, \
         revenuecat, tax return, tax filing, vat return, ad spend, ad budget, bitcoin, crypto, live trading, brokerage, \
         purchase, chargeback, dunning, royalties, stripe checkout, payment link, payment method, card payment, \
         upsell, cross-sell, monetization, monetisation, adsense, admob, ad network, paid ad, cold ad, cold-ad, cold ads, pay-gate, paymentintent, \
         payment intent, setup fee, google ads, facebook ads, wages, salary, deposit, money, subscription plan, subscription tier, paid tier, \
         crypto wallet, gift card, bank payment, bnpl, merchant account, tax payment, vendor payment, expense report, bookkeeping, \
         payment gateway, payment provider, payment processor, payment flow, cash, checkout, supplier order, purchase order",
    ),
    (
        Worth,
        "revenue, mrr, price, pricing, cost, budget, expense, spend, earnings, subscription, plan, order, discount, coupon, \
         balance, transaction, cart, tier, fee, commission, shipping rate, tax, vat, tax rate, discount code, promo code, salary, fare, quote",
    ),
    (
        Ware,
        "domain, domain name, hosting, server, license, licence, seat, ticket, hardware, parts, part, laptop, sensor, \
         course, plan, ads, ad, stock, stocks, shares, share, btc, eth, token, tokens, credits, insurance, subscription, device, \
         equipment, supplies, food, flight, hotel, groceries, materials, inventory, stock photos, backlink, backlinks, bulb, cable",
    ),
    (
        Prod,
        "producción, produccion, produção, producao, produktion, produktivsystem, produzione, live mode, live trading, live keys, mainnet, production, prod, live site, live server, live database, live environment, prod db, production database, \
         production environment, production server, production cluster, production site, customer environment, public url, \
         live system, live website, production data, prod data, prod cluster, production account, live shop, live store, \
         production url, prod environment, main site, mainnet, production config, prod server, live traffic, public website",
    ),
    (
        Host,
        "systemd service, systemd, launchd, pm2, docker swarm, tunnel, reverse proxy, web server, raspberry pi, github secret, hosting, vercel, netlify, heroku, railway, fly.io, aws, gcp, azure, cloudflare, digitalocean, hetzner, \
         supabase, firebase, s3, ec2, lambda, kubernetes, k8s, nginx, vps, load balancer, route53, \
         github pages, cpanel, dns, domain, custom domain, subdomain, ssl certificate, ssl cert, tls certificate, tls cert, ssl, rds, \
         cloudfront, cloud run, app engine, eks, ecs, gke, vpn, router, dns record, nameserver, mx record, \
         render.com, linode, ovh, managed database, elastic beanstalk, openshift, wordpress site, \
         autoscaling, cloud storage, planetscale, neon",
    ),
    (
        Registry,
        "npm, pypi, crates.io, docker hub, dockerhub, homebrew, rubygems, maven central, nuget, testflight, \
         app store, play store, google play, chrome web store, vs code marketplace, marketplace, package registry, \
         ghcr, github release, github releases, steam, itch.io, cocoapods, packagist, flathub, snap store, aur, app stores, \
         developer program, homebrew formula, brew formula, brew tap, container registry, ecr, winget, chocolatey, f-droid, firefox add-ons, registry, public repo, itch, hex.pm, homebrew tap",
    ),
    (
        Offer,
        "page, landing page, site, website, app, product, store, shop, beta, version, release, release candidate, package, \
         campaign, course, book, ebook, post, article, episode, video, podcast, library, service, mvp, extension, \
         plugin, update, public beta, feature to, new version, store listing, blog, blog post, changelog entry, newsletter, \
         image, docker image, binary, binaries, artifact, crate, gem, wheel, build, collection, edition, marketplace, waitlist, sale, \
         listing, season, demo, dataset, firmware, prices, results, tool, hotfix, patch, chart",
    ),
    (
        Secret,
        "password, passphrase, api key, apikey, secret, secret key, credential, private key, ssh key, access token, \
         auth token, bearer token, refresh token, bot token, github token, oauth token, oauth, oauth2, \
         client secret, keystore, signing key, service account, service account key, recovery code, \
         encryption key, deploy key, personal access token, webhook secret, seed phrase, jwt secret, app password, \
         signing certificate, api token, api secret, license key, master key, login details, secrets manager, key pair, pat, gpg key, \
         vapid key, kubeconfig, wifi password, admin password, db password",
    ),
    (
        Personal,
        "inbox, mailbox, gmail, google calendar, calendar, contacts, address book, bank, bank account, bank statement, health data, \
         health record, medical record, patient record, patient data, pii, personal data, personal information, \
         customer data, user data, gdpr, ssn, social security, passport, location data, location history, \
         phone number, chat history, private message, email address, payroll data, salary, \
         biometric, imessage, icloud, google photos, google drive, apple health, healthkit, \
         customer record, customer list, client data, employee record, employee data, tax record, gmail account, \
         outlook, email account, whatsapp chat, date of birth, home address, browsing history, customer database, user database, \
         medical data, bank data, financial data, transaction history, google contacts, personal email, email history, \
         google fit, fitbit, ring camera, camera feed, face recognition, voice recordings, diary, cookies, ip address, \
         customer email, user email, subscriber list, lead list, resume, student data, driver license",
    ),
    (
        Rights,
        "permission, permissions, iam, acl, firewall, firewall rule, ssh access, sso, saml, 2fa, mfa, \
         admin access, admin right, access control, access right, rbac, row level security, row-level security, rls, \
         authentication, authorization, security group, branch protection, sudo, root access, \
         session management, read access, write access, access, access rule, security rule, iam role, iam policy, user role, admin role, \
         auth system, auth, two-factor, two-factor authentication, password reset, user login, login system, admin privileges, \
         cors policy, api access, security policy, port 22, front door, garage door, door lock, alarm system, security camera, public access, admin account, admin user, service role, role-based access, \
         login, signup flow, user registration, guest access, owner role, collaborator, collaborators, identity provider",
    ),
    (
        Structure,
        "architecture, framework, monorepo, microservice, microservices, codebase, code base, backend, database, storage layer, \
         storage backend, data model, build system, orm, tech stack, repo structure, repository structure, \
         directory structure, project structure, folder structure, core engine, wire protocol, monolith, package manager, \
         state management, infrastructure, cloud provider, file format, message broker, store, data store, datastore, persistent store, session store, storage driver, cache layer, storage cache, whole app, \
         entire app, whole project, entire project, event sourcing, cqrs, plugin system, plugin architecture, \
         multi-tenancy, multi-tenant, sharding, core, engine, storage, database engine, storage format, on-disk format, schema redesign, \
         search engine, ci system, hosting provider, public api, service layer, domain model, repository, repo, data layer, storage system, \
         event-driven, job queue, message queue, auth provider, rendering engine, game engine, programming language, stack, app shell, \
         desktop framework, network protocol, sync engine, module system, crdt, pluggable backend, backend interface, persistence layer",
    ),
    (
        Tongue,
        "rust, go, golang, typescript, python, java, kotlin, swift, swiftui, c++, react, vue, svelte, angular, next.js, nextjs, django, \
         rails, laravel, flask, fastapi, postgres, postgresql, mysql, mongodb, mongo, sqlite, redis, kafka, graphql, \
         grpc, electron, tauri, flutter, react native, kubernetes, k8s, aws, gcp, azure, docker, vite, webpack, bazel, pnpm, \
         deno, elixir, wasm, unity, godot, unreal, node, express, dynamodb, cassandra, clickhouse, elasticsearch, \
         rabbitmq, nats, terraform, pulumi, zig, dart, php, wordpress, shopify, qt, gtk, duckdb, supabase, firebase, snowflake, bigquery",
    ),
    (
        Stage,
        "sandbox, staging, localhost, dry run, dry-run, simulator, test mode, test database, dev database, emulator, local, locally, \
         preview environment, staging environment, test account, test environment, development environment, in-memory, playground, \
         dev environment, test server, dev server, staging server, mock server, test user, test data, mailhog, mailtrap, test cluster",
    ),
    (
        Sketch,
        "creative, copy, draft, proposal, plan, clip, idea, brief, outline, concept, storyboard, template, strategy, mockup, slide, deck, \
         text, wording, list of ideas, script for, calendar of, angle, headline, artwork, asset, assets, illustration, render, analysis, estimate",
    ),
    (
        Ticket,
        "release branch, to main, to master, to origin, to trunk, to github, to the remote, github issue, gh issue, issue, pr, pull request, merge request, ticket, discussion, thread, bug report",
    ),
    (
        Account,
        "developer account, business account, merchant account, google account, twitter account, social account, \
         social media account, stripe account, vercel account, company page, facebook page, linkedin page, business profile, \
         discord server, slack workspace, telegram bot, discord bot, telegram channel, youtube channel, google cloud project, \
         firebase project, supabase project, google analytics, search console, app store connect, mailing list, ad account, \
         business manager, phone number, po box, seller account, publisher account, instagram account, tiktok account, email address",
    ),
    (
        Legal,
        "privacy policy, terms of service, contract, nda, llc, trademark, patent, taxes, tax return, dmca, permit, \
         agreement, license agreement, terms, imprint, impressum, legal entity, company registration, insurance claim, visa",
    ),
    (
        Batch,
        "migration, database migration, sql migration, db migration, sql script, migration script, data migration",
    ),
    (Public, "public, world-readable, publicly readable, open source, open-source"),
    (
        Machine,
        "api, sdk, webhook, script, job, migration, cron, cron job, cronjob, pipeline, bot, automation, agent, worker, workflow, scheduled task, \
         routine, task, scraper, batch, batch job, integration, sequence, runner, lambda, trigger, timer, rule, backfill",
    ),
    (
        Plan,
        "story, epic, idea, vision, roadmap, strategy, initiative, opportunities, opportunity, ideas, options, possibilities",
    ),
];

/// Small words and marks of meaning.
pub const SMALL: &[(Class, &str)] = &[
    (
        Not,
        "not, no, never, don't, dont, doesn't, without, avoid, cannot, can't, won't, instead of, neither, nor, shouldn't, \
         mustn't, must not, do not, should not, rather than, no longer, isn't, nothing, stop, skip, excluding, except, refrain",
    ),
    (
        Quant,
        "all, every, each, entire, whole, old, inactive, stale, unused, duplicate, duplicated, legacy, any, orphaned, expired, \
         everything, existing, dormant, remaining, outdated, last year's, obsolete, test users, unconfirmed, churned, spam, abandoned, \
         older than, bounced, those, these, previous, unverified, archived, merged, dead",
    ),
    (
        Prep,
        "to, in, on, at, by, with, from, of, for, into, onto, over, under, via, through, using, per, as, about, against, across, \
         after, before, when, while, if, unless, until, so, because, since, that, which, who, where, whose, than, between, within, \
         during, upon, towards, behind, around, like, once",
    ),
    (And, "and, then, or, but, plus, &, also, +"),
    (
        Det,
        "a, an, the, this, its, our, their, your, my, his, her, these, those, some, each, every, any, all, both, new, another",
    ),
    (
        Modal,
        "must, should, will, shall, can, could, may, might, would, please, we, i, you, they, let's, lets, need to, needs to, \
             have to, want to, going to, able to, ready to, automatically, auto, immediately, then, just, finally, also, simply, manually, \
             bulk, again, periodically, nightly, permanently, todo:, to-do:, feat:, chore:",
    ),
    (Be, "is, are, was, were, be, been, being, has, have, had, does, did"),
    (
        When,
        "when, if, after, before, once, whenever, unless, until, while, as soon as, currently, where, because, since, where, how, why",
    ),
    (Live, "live, real, actual, production, prod, customers', customer's"),
    (
        Scale,
        "crdt, pluggable, pluggable backend, pluggable backends, event sourcing, abstraction layer, distributed, sharded, multi-backend, swappable, cqrs, from scratch, in rust, in go, in typescript, breaking change, backwards-incompatible, backward-incompatible, from the ground up, \
             ground-up, big bang, v2 architecture, new architecture, hexagonal, breaking api change, event-sourced, offline-first, serverless, \
             local-first, pluggable, multi-region",
    ),
    (
        Adjective,
        "better, proper, properly, nice, nicer, good, great, modern, robust, seamless, intuitive, clean, cleaner, beautiful, fast, faster, \
         scalable, user-friendly, friendly, smart, smarter, advanced, comprehensive, professional, compelling, engaging, world-class, \
         best, various, several, some, any issues, appropriate, relevant, necessary, common, general, overall, basic, \
         fully, amazing, awesome, optimal, efficient, effective, high-quality, polished, elegant, powerful, sleek, flexible, correctly, \
         misc, miscellaneous, etc, and more, and so on, stuff, things, as needed, as appropriate, where possible, if needed, where needed, \
         in general, day-to-day, quality, consistency, consistent, rough edges, edge cases, best practices, cutting-edge, slick, cool",
    ),
];
