# SPDX-License-Identifier: BSD-2-Clause
# bash completion of flowctl(8), which says itself what a word can become.

_flowctl() {
	local line=${COMP_LINE:0:COMP_POINT}
	local -a words
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
	# That of the base system, which PATH may find first, knows no completion.
	[[ $("${words[0]}" --version 2>/dev/null) == "flowctl "* ]] || return
	local IFS=$'\n' cur=${words[${#words[@]} - 1]}
	COMPREPLY=($("${words[0]}" --complete -- "${words[@]:1}" 2>/dev/null))
	# A node's path may go on.
	[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[:/] ]] && compopt -o nospace
	# readline takes what follows the last colon for the word.
	if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
		local before=${cur%"${cur##*:}"}
		COMPREPLY=("${COMPREPLY[@]#"$before"}")
	fi
}
complete -o default -F _flowctl flowctl
