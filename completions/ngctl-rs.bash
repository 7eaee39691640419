# SPDX-License-Identifier: BSD-2-Clause
# bash completion of ngctl-rs(8), which says itself what a word can become.

_ngctl_rs() {
	local line=${COMP_LINE:0:COMP_POINT}
	local -a words
	read -ra words <<<"$line"
	[[ $line == *[[:space:]] ]] && words+=('')
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
complete -o default -F _ngctl_rs ngctl-rs
