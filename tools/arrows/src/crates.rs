// SPDX-License-Identifier: BSD-2-Clause
//! Arrows between crates. Cargo lets a source file name only crates that its
//! manifest names, so the manifests are enough; they are read as cargo does.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What `cargo metadata --no-deps` prints, as far as it matters here.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// Only dependencies inside a source tree have one.
    path: Option<String>,
    /// `dev` if only tests have it.
    kind: Option<String>,
}

impl Metadata {
    /// Reads the output of cargo.
    ///
    /// # Errors
    /// What is wrong with `json`.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

/// Finds arrows that `allowed` lacks, be they for the build, for the program or
/// for tests, and crates that it does not know.  Tests may also import what is
/// there `for_tests`.
pub fn violations(
    metadata: &Metadata,
    allowed: &[(&str, &[&str])],
    for_tests: &[&str],
) -> Vec<String> {
    let allowed: BTreeMap<_, _> = allowed.iter().copied().collect();
    let mut found = Vec::new();
    for package in &metadata.packages {
        let Some(imports) = allowed.get(package.name.as_str()) else {
            found.push(format!("crate {} has no place in the house", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let ours = dependency.path.is_some() || allowed.contains_key(dependency.name.as_str());
            let name = dependency.name.as_str();
            let tests = dependency.kind.as_deref() == Some("dev") && for_tests.contains(&name);
            if ours && !tests && !imports.contains(&name) {
                found.push(format!("{} imports {}", package.name, dependency.name));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: &[(&str, &[&str])] = &[
        ("flow", &[]),
        ("node", &["flow"]),
        ("tool", &[]),
        ("bench", &["node"]),
    ];

    fn house(flow_imports: &str) -> Metadata {
        Metadata::parse(&format!(
            r#"{{"packages": [
                {{"name": "flow", "dependencies": [{flow_imports}]}},
                {{"name": "node", "dependencies": [
                    {{"name": "flow", "path": "/house/flow", "kind": null}},
                    {{"name": "zerocopy", "kind": null}}
                ]}}
            ]}}"#
        ))
        .unwrap()
    }

    #[test]
    fn arrows_as_drawn_pass() {
        assert!(violations(&house(""), ALLOWED, &[]).is_empty());
    }

    #[test]
    fn a_back_arrow_fails() {
        let planted = r#"{"name": "node", "path": "/house/node", "kind": null}"#;
        assert_eq!(
            violations(&house(planted), ALLOWED, &["bench"]),
            ["flow imports node".to_string()]
        );
    }

    #[test]
    fn a_back_arrow_of_tests_only_fails() {
        let planted = r#"{"name": "tool", "path": "/house/tool", "kind": "dev"}"#;
        assert_eq!(
            violations(&house(planted), ALLOWED, &["bench"]),
            ["flow imports tool".to_string()]
        );
    }

    #[test]
    fn what_tests_share_is_for_tests_alone() {
        let found = |kind| {
            let planted = format!(r#"{{"name": "bench", "path": "/house/bench", "kind": {kind}}}"#);
            violations(&house(&planted), ALLOWED, &["bench"])
        };
        assert!(found(r#""dev""#).is_empty());
        assert_eq!(found("null"), ["flow imports bench".to_string()]);
    }

    #[test]
    fn a_crate_outside_the_house_fails() {
        let planted = r#"{"name": "shed", "path": "/elsewhere/shed", "kind": "build"}"#;
        assert_eq!(
            violations(&house(planted), ALLOWED, &["bench"]),
            ["flow imports shed".to_string()]
        );
    }

    #[test]
    fn an_unknown_crate_fails() {
        assert_eq!(
            violations(&house(""), &ALLOWED[..1], &[]),
            ["crate node has no place in the house".to_string()]
        );
    }
}
