# SPDX-License-Identifier: BSD-2-Clause
# fish completion of flowctl(8), which says itself what a word can become.

function __flowctl
    set -l words (commandline -opc)
    # That of the base system, which PATH may find first, knows no completion.
    string match -q "flowctl *" ($words[1] --version 2>/dev/null); or return
    $words[1] --complete -- $words[2..] (commandline -ct) 2>/dev/null
end
complete -c flowctl -f -a '(__flowctl)'
