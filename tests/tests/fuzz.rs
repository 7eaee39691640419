// SPDX-License-Identifier: BSD-2-Clause
//! What fuzzing has found, once more: every file of the corpora in `fuzz/`
//! through its target.

#[path = "../../fuzz/src/lib.rs"]
#[allow(dead_code, missing_docs)]
mod targets;

use std::fs;
use std::path::Path;

#[test]
fn corpora_do_no_harm() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, run) in targets::TARGETS {
        let files = fs::read_dir(corpora.join(name)).expect("a corpus for each target");
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
