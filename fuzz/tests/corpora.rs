// SPDX-License-Identifier: BSD-2-Clause
//! What fuzzing has found, once more: every file of the corpora through its
//! target, and of the folder that `FUZZ_FOUND` names, as `tools/coverage.sh` does.

use std::fs;
use std::path::Path;

use fuzz_targets::TARGETS;

#[test]
fn corpora_do_no_harm() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, run) in TARGETS {
        let mut files: Vec<_> = fs::read_dir(corpora.join(name))
            .expect("a corpus for each target")
            .collect();
        if let Some(found) = std::env::var_os("FUZZ_FOUND") {
            let found = fs::read_dir(Path::new(&found).join(name));
            files.extend(found.into_iter().flatten());
        }
        let mut count = 0;
        for file in files {
            let file = file.expect("a file of a corpus").path();
            println!("{}", file.display());
            run(&fs::read(&file).expect("its bytes"));
            count += 1;
        }
        assert!(count > 0, "{name}: an empty corpus proves nothing");
    }
}
