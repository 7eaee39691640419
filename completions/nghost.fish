# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_nghost_global_optspecs
    string join \n i/interface= r/route= w/world= s/socket= hold exit-at-end export-rate= h/help V/version
end

function __fish_nghost_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_nghost_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_nghost_using_subcommand
    set -l cmd (__fish_nghost_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c nghost -n "__fish_nghost_needs_command" -s i -l interface -d 'Interface: NAME[,index=N][,address=IP/LEN]...[,fib=N][,mac=MAC] [,capture=FILE[,pace=real|Nx|fast]][,live=DEVICE[,promiscuous=true]] [,filter=EXPRESSION]; a comma within a value is written twice' -r
complete -c nghost -n "__fish_nghost_needs_command" -s r -l route -d 'Route: PREFIX[,gateway=IP][,interface=NAME][,fib=N], with a gateway, an interface or both' -r
complete -c nghost -n "__fish_nghost_needs_command" -s w -l world -d 'TOML file with [[interface]] and [[route]] tables of the same keys' -r -F
complete -c nghost -n "__fish_nghost_needs_command" -s s -l socket -d 'Unix socket for clients of this user and root [default: $NGHOST_SOCKET, else /tmp/nghost.UID/socket]' -r -F
complete -c nghost -n "__fish_nghost_needs_command" -l export-rate -d 'Datagrams a second that leave while the clock runs faster than time, and at the end' -r
complete -c nghost -n "__fish_nghost_needs_command" -l hold -d 'Hold captures back until \'msg INTERFACE: start\''
complete -c nghost -n "__fish_nghost_needs_command" -l exit-at-end -d 'When the captures are over, advance the clock until all flows are exported, and exit'
complete -c nghost -n "__fish_nghost_needs_command" -s h -l help -d 'Print help'
complete -c nghost -n "__fish_nghost_needs_command" -s V -l version -d 'Print version'
complete -c nghost -n "__fish_nghost_needs_command" -f -a "probe" -d 'Export NetFlow of an interface or a capture, without a script'
complete -c nghost -n "__fish_nghost_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s i -l interface -d 'Interface to listen to' -r
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s r -l read -d 'Capture file to read instead, \'-\' for standard input, as fast as possible; its own time counts' -r -F
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s f -l filter -d 'Account only packets that this lets through, in the words of pcap-filter(7)' -r
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s n -l netflow -d 'Version of NetFlow; 5 carries IPv4 only' -r -f -a "5\t'Cisco\'s version 5'
9\t'Version 9, RFC 3954'"
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s x -l index -d 'ifIndex in the records: input of what is received, output of what is sent [default: the interface\'s own, 1 for a file]' -r
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s d -l inactive -d 'Seconds without a packet after which a flow ends' -r
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s e -l active -d 'Seconds after which a flow is exported though it goes on' -r
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s s -l socket -d 'Unix socket for flowctl and ngctl-rs, which find the node \'netflow\' [default: $NGHOST_SOCKET, else none]' -r -F
complete -c nghost -n "__fish_nghost_using_subcommand probe" -l export-rate -d 'Datagrams a second at the end, and of a file' -r
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s p -l no-promiscuous -d 'Do not ask the interface for packets to other hosts'
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c nghost -n "__fish_nghost_using_subcommand probe" -s V -l version -d 'Print version'
complete -c nghost -n "__fish_nghost_using_subcommand help; and not __fish_seen_subcommand_from probe help" -f -a "probe" -d 'Export NetFlow of an interface or a capture, without a script'
complete -c nghost -n "__fish_nghost_using_subcommand help; and not __fish_seen_subcommand_from probe help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
