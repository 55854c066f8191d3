# Sourced at the end of the suite's own support/test.tcl (suite.ts adds that line to its copy). Says
# of every test, before it runs, whether it calls for scripts, functions or ACL users, itself or
# through a procedure: the server does not have them yet, and such tests are counted apart. The
# names are then those that the suite prints, also where it makes them up in a loop.

# A client, maybe with its level (r -1 eval …), and one of the commands: Tcl's own eval has no
# client before it.
set ::conformance_call {(\m(r|R|rr|rd\d*)|\$\w+|\])\s+(-?\d+\s+)?(eval|evalsha|eval_ro|evalsha_ro|script|fcall|fcall_ro|function|acl)\M}

# One of the commands in capitals, or asked of COMMAND.
set ::conformance_name {\m(EVAL|EVALSHA|EVAL_RO|SCRIPT|FCALL|FUNCTION|ACL)\M|getkeys\w*\s+(eval|fcall)|"(eval|script|function|acl)[|"]}

proc conformance_needs_scripting {code seenVar} {
    upvar $seenVar seen
    if {[regexp -nocase -- $::conformance_call $code]} { return 1 }
    if {[regexp -- $::conformance_name $code]} { return 1 }
    foreach word [lsort -unique [regexp -all -inline {[A-Za-z_]\w*} $code]] {
        if {[info exists seen($word)] || [info procs ::$word] eq {}} { continue }
        set seen($word) 1
        if {[conformance_needs_scripting [info body ::$word] seen]} { return 1 }
    }
    return 0
}

rename test conformance_suite_test
proc test {name code args} {
    # What the suite's own machinery is made of says nothing about a test.
    array set seen {test 1 conformance_suite_test 1 r 1 R 1 Rn 1 start_server 1 fail 1 assert_error 1}
    if {[regexp -- $::conformance_name $name] || [conformance_needs_scripting $code seen]} {
        send_data_packet $::test_server_fd needs-scripting $name
    }
    uplevel 1 [list conformance_suite_test $name $code {*}$args]
}

# Around the tests, what prepares for some of them need not stop the others: a set-up that calls for
# scripts goes on without, and a test that misses them fails and is counted apart as above.
set ::conformance_lacking {^ERR unknown command '(eval|evalsha|script|fcall|function|acl)'}
rename ::redis::__dispatch__ ::redis::conformance_dispatch
proc ::redis::__dispatch__ {id method args} {
    set code [catch {::redis::conformance_dispatch $id $method {*}$args} result]
    if {$code == 1 && $::cur_test eq {} && [regexp -nocase -- $::conformance_lacking $result]} {
        return {}
    }
    return -code $code $result
}
