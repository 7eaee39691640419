# SPDX-License-Identifier: BSD-2-Clause
# fish completion of ngctl-rs(8), which says itself what a word can become.

function __ngctl_rs
    set -l words (commandline -opc)
    $words[1] --complete -- $words[2..] (commandline -ct) 2>/dev/null
end
complete -c ngctl-rs -f -a '(__ngctl_rs)'
