//! Paths that decide what runs, is deployed or is trusted, for people who never asked for it.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Why a path is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ward {
    /// Runs where it is pushed.
    Ci,
    /// Run by git, or by what is hooked into it.
    Hooks,
    /// Decides what is deployed.
    Deploy,
    /// Usually holds secrets.
    Secrets,
    /// buildq's own policy.
    Policy,
    /// Another task.
    Queue,
    /// What builders are told.
    Templates,
    /// Tells git what to run or to fetch.
    Git,
    /// Decides who must review.
    Owners,
    /// An agent obeys it.
    Agents,
    /// An editor or a tool obeys it.
    Tools,
    /// The configuration names it.
    Named,
}

impl Ward {
    /// Why a person should look at it.
    pub fn why(self) -> &'static str {
        match self {
            Self::Ci => "your CI runs it, with its secrets, as soon as it is pushed",
            Self::Hooks => "a hook: git runs it on the machines of those who have it",
            Self::Deploy => "it decides what is deployed, and with which rights",
            Self::Secrets => "a file that usually holds secrets",
            Self::Policy => "buildq's own policy: what it runs by itself stands here",
            Self::Queue => "a file of the queue that is not the task's own",
            Self::Templates => "what builders are told in later builds",
            Self::Git => "it tells git what to run, to fetch or to leave out",
            Self::Owners => "it decides who must review",
            Self::Agents => "your next agent session obeys it",
            Self::Tools => "an editor or a package manager obeys it without asking",
            Self::Named => "`protected` in `buildq.yaml` names it",
        }
    }
}

/// The default, group by group. Of deploy files those are here that take effect outside of the
/// repository once merged; `Makefile` and `package.json` are left out: they change with any work.
const DEFAULT: &[(Ward, &[&str])] = &[
    (
        Ward::Ci,
        &[
            ".github/workflows/**",
            ".github/actions/**",
            ".github/**",
            ".gitlab-ci.yml",
            ".gitlab/ci/**",
            ".circleci/**",
            ".ci/**",
            "Jenkinsfile*",
            "/azure-pipelines*.yml",
            ".buildkite/**",
            ".drone.yml",
            ".woodpecker*",
            ".woodpecker/**",
            "bitbucket-pipelines.yml",
            ".travis.yml",
            "appveyor.yml",
            ".appveyor.yml",
            ".cirrus.yml",
            ".semaphore/**",
            ".teamcity/**",
            ".forgejo/**",
            ".gitea/**",
            ".tekton/**",
            "cloudbuild.yaml",
            "buildspec.yml",
        ],
    ),
    (
        Ward::Hooks,
        &[
            ".husky/**",
            ".githooks/**",
            "/githooks/**",
            "/git-hooks/**",
            "/.hooks/**",
            ".pre-commit-config.yaml",
            ".pre-commit-hooks.yaml",
            "lefthook*.yml",
            ".lefthook/**",
            ".overcommit.yml",
            ".lintstagedrc*",
            ".envrc",
        ],
    ),
    (
        Ward::Deploy,
        &[
            "Dockerfile*",
            "*.dockerfile",
            "Containerfile*",
            "docker-compose*",
            "compose.yml",
            "compose.yaml",
            "k8s/**",
            "kubernetes/**",
            "helm/**",
            "charts/**",
            "*.tf",
            "*.tfvars",
            "Procfile",
            "fly.toml",
            "vercel.json",
            "netlify.toml",
            "wrangler.toml",
            "wrangler.json*",
            "serverless.yml",
            "serverless.yaml",
            "render.yaml",
            "railway.json",
            "railway.toml",
            "firebase.json",
            "firestore.rules",
            "skaffold.yaml",
            "Pulumi*.yaml",
            "cdk.json",
            "app.yaml",
            "Capfile",
            "config/deploy.rb",
            "config/deploy/**",
            "ansible/**",
            "/deploy/**",
            "/deployment/**",
            "deploy.sh",
            "deploy.py",
            "/scripts/deploy*",
            "/bin/deploy*",
            "*.nomad",
            "/.goreleaser*",
        ],
    ),
    (
        Ward::Secrets,
        &[
            ".env*",
            "*.env",
            "*.pem",
            "*.key",
            "*.p12",
            "*.pfx",
            "*.jks",
            "*.keystore",
            "*.kdbx",
            "id_rsa*",
            "id_ed25519*",
            "id_ecdsa*",
            "id_dsa*",
            ".netrc",
            ".pgpass",
            ".htpasswd",
            ".npmrc",
            ".pypirc",
            ".aws/**",
            ".ssh/**",
            ".docker/config.json",
            "credentials.json",
            "service-account*.json",
        ],
    ),
    (Ward::Policy, &["/buildq.yaml"]),
    (Ward::Git, &[".gitattributes", ".gitmodules", ".gitconfig", ".lfsconfig", ".mailmap"]),
    (Ward::Owners, &["CODEOWNERS"]),
    (
        Ward::Agents,
        &[
            "CLAUDE.md",
            "CLAUDE.local.md",
            "AGENTS.md",
            "AGENTS.override.md",
            "GEMINI.md",
            ".claude/**",
            ".codex/**",
            ".gemini/**",
            ".cursor/**",
            ".cursorrules",
            ".windsurf/**",
            ".windsurfrules",
            ".clinerules*",
            ".aider*",
            ".opencode/**",
            "opencode.json*",
            ".goosehints",
            ".goose/**",
            ".mcp.json",
            "mcp.json",
            ".github/copilot-instructions.md",
            ".roo/**",
            ".agents/**",
            "SKILL.md",
        ],
    ),
    (
        Ward::Tools,
        &[
            ".vscode/**",
            ".idea/runConfigurations/**",
            ".idea/workspace.xml",
            ".devcontainer/**",
            ".devcontainer.json",
            ".cargo/config",
            ".cargo/config.toml",
            ".yarnrc*",
            ".pnpmfile.cjs",
            ".exrc",
            ".nvimrc",
            ".nvim.lua",
            ".dir-locals.el",
            "pip.conf",
            ".bazelrc",
            ".tool-versions",
            "mise.toml",
            ".mise.toml",
        ],
    ),
];

/// Patterns that are no secrets though they look like files of some.
const HARMLESS: &[&str] = &[
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    ".env.defaults",
    ".env*.example",
    "*.pub.key",
    "id_*.pub",
];

/// What is protected: of several patterns that match, the last decides.
pub struct Protected {
    set: GlobSet,
    wards: Vec<Option<Ward>>,
}

impl Protected {
    /// The default, a tracked folder of hooks, and what the configuration adds or, with `!`, takes
    /// out; the latter only where the configuration is trusted.
    pub fn new(queue: &str, named: &[String], trusted: bool, hooks: Option<&str>) -> Self {
        let mut set = GlobSetBuilder::new();
        let mut wards = Vec::new();
        let mut add = |pattern: &str, ward: Option<Ward>| {
            // A pattern that cannot be read was refused when the configuration was.
            if let Ok(glob) = glob(pattern) {
                set.add(glob);
                wards.push(ward);
            }
        };
        for (ward, patterns) in DEFAULT {
            patterns.iter().for_each(|pattern| add(pattern, Some(*ward)));
        }
        HARMLESS.iter().for_each(|pattern| add(pattern, None));
        // Letters that a pattern gives a meaning stand for themselves in a folder's name.
        let queue = globset::escape(queue);
        add(&format!("/{queue}/**"), Some(Ward::Queue));
        add(&format!("/{queue}/templates/**"), Some(Ward::Templates));
        if let Some(hooks) = hooks.map(globset::escape) {
            add(&format!("/{hooks}/**"), Some(Ward::Hooks));
        }
        for pattern in named {
            match pattern.strip_prefix('!') {
                Some(pattern) if trusted => add(pattern, None),
                Some(_) => {}
                None => add(pattern, Some(Ward::Named)),
            }
        }
        let set = set.build().unwrap_or_else(|_| GlobSet::empty());
        Self { set, wards }
    }

    /// Why a path is protected; `None` when it is not.
    pub fn ward(&self, path: &str) -> Option<Ward> {
        let last = self.set.matches(path).into_iter().max()?;
        self.wards.get(last).copied().flatten()
    }
}

/// As in `.gitignore`: without a slash it matches at any depth, with one from the top; a folder
/// that begins with a point may stand anywhere. In any case of letters, as some disks do.
fn glob(pattern: &str) -> Result<globset::Glob, globset::Error> {
    let rooted = pattern.strip_prefix('/');
    let anywhere = rooted.is_none() && (!pattern.contains('/') || pattern.starts_with('.'));
    let pattern = rooted.unwrap_or(pattern);
    let whole = if anywhere { format!("**/{pattern}") } else { pattern.to_owned() };
    GlobBuilder::new(&whole).literal_separator(true).case_insensitive(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_pattern_can_be_read() {
        let all = DEFAULT.iter().flat_map(|(_, patterns)| *patterns).chain(HARMLESS);
        for pattern in all {
            assert!(glob(pattern).is_ok(), "{pattern}");
        }
    }

    #[test]
    fn the_last_pattern_decides_and_only_trust_takes_out() {
        let named = ["!*.tf".to_owned(), "prod.tf".to_owned()];
        let table = [
            ("a/x.tf", None, Some(Ward::Deploy)),
            ("a/prod.tf", Some(Ward::Named), Some(Ward::Named)),
            ("app/.env.local", Some(Ward::Secrets), Some(Ward::Secrets)),
            ("app/.env.example", None, None),
            ("hooks [x]/pre-commit", Some(Ward::Hooks), Some(Ward::Hooks)),
            ("queue/templates/prompt.md.j2", Some(Ward::Templates), Some(Ward::Templates)),
            ("my/queue/x.md", None, None),
            ("buildq.yaml", Some(Ward::Policy), Some(Ward::Policy)),
            ("docs/buildq.yaml", None, None),
            ("sub/AGENTS.md", Some(Ward::Agents), Some(Ward::Agents)),
            ("sub/.claude/settings.json", Some(Ward::Agents), Some(Ward::Agents)),
            ("src/keyboard.rs", None, None),
            ("Dockerfile.prod", Some(Ward::Deploy), Some(Ward::Deploy)),
            ("docs/CODEOWNERS", Some(Ward::Owners), Some(Ward::Owners)),
        ];
        for (path, trusted, untrusted) in table {
            let ward = |trust| Protected::new("queue", &named, trust, Some("hooks [x]")).ward(path);
            assert_eq!((ward(true), ward(false)), (trusted, untrusted), "{path}");
        }
    }
}
