;; What a runtime asks of WASI's first preview, answered by the gateway's own functions: a plugin has a clock, chance
;; and a log, and neither files nor arguments nor an environment. So a component of Go imports no WASI at all.
;;
;; It has no memory of its own and takes none of the module's: Go's runtime takes all there is to be its own, and what
;; another puts there is overwritten.
(module
  (import "env" "memory" (memory 0))
  (import "sluice:plugin/host@0.1.0" "log" (func $log (param i32 i32 i32)))
  (import "sluice:plugin/host@0.1.0" "now-ms" (func $now_ms (result i64)))
  (import "sluice:plugin/host@0.1.0" "random" (func $random (param i32 i32)))

  ;; Where the host puts the bytes that it is asked for: where they are wanted.
  (global $wanted_at (mut i32) (i32.const 0))
  (func (export "cabi_import_realloc") (param i32 i32 i32 i32) (result i32)
    global.get $wanted_at)

  ;; The host answers with a pointer and a length, at address 16: neither Go nor C has anything in the first kilobyte
  ;; but what is put back here.
  (func (export "random_get") (param $at i32) (param $len i32) (result i32)
    (local $part i32) (local $was i64)
    (local.set $was (i64.load (i32.const 16)))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $len)))
        (local.set $part (select (i32.const 4096) (local.get $len) (i32.gt_u (local.get $len) (i32.const 4096))))
        (global.set $wanted_at (local.get $at))
        (call $random (local.get $part) (i32.const 16))
        (local.set $at (i32.add (local.get $at) (local.get $part)))
        (local.set $len (i32.sub (local.get $len) (local.get $part)))
        (br $next)))
    (i64.store (i32.const 16) (local.get $was))
    i32.const 0)

  ;; Nanoseconds, of one clock. The host is asked for the time when the clock is first read, and when it is asked for
  ;; as number 1000, which the SDK does at the beginning of a call. Every other reading is a microsecond later than
  ;; the one before: Go's runtime also reads it while it makes room for what the host hands over, and may not ask then.
  (global $clock (mut i64) (i64.const 0))
  (func (export "clock_time_get") (param $id i32) (param i64) (param $at i32) (result i32)
    (local $now i64)
    (global.set $clock (i64.add (global.get $clock) (i64.const 1000)))
    (if (i32.or (i32.eq (local.get $id) (i32.const 1000)) (i64.eq (global.get $clock) (i64.const 1000)))
      (then
        (local.set $now (i64.mul (call $now_ms) (i64.const 1000000)))
        (if (i64.gt_u (local.get $now) (global.get $clock))
          (then (global.set $clock (local.get $now))))))
    (i64.store (local.get $at) (global.get $clock))
    i32.const 0)

  ;; Each piece is a line of the log: what goes to standard error (2) a warning, anything else for debugging.
  (func (export "fd_write") (param $fd i32) (param $pieces i32) (param $count i32) (param $written i32) (result i32)
    (local $sum i32) (local $len i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $len (i32.load offset=4 (local.get $pieces)))
        (if (local.get $len)
          (then (call $log
            (select (i32.const 3) (i32.const 1) (i32.eq (local.get $fd) (i32.const 2)))
            (i32.load (local.get $pieces))
            (local.get $len))))
        (local.set $sum (i32.add (local.get $sum) (local.get $len)))
        (local.set $pieces (i32.add (local.get $pieces) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $sum))
    i32.const 0)

  ;; No arguments, no environment.
  (func $none (param $count i32) (param $len i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $len) (i32.const 0))
    i32.const 0)
  (func $nothing (param i32 i32) (result i32) i32.const 0)
  (export "args_sizes_get" (func $none))
  (export "environ_sizes_get" (func $none))
  (export "args_get" (func $nothing))
  (export "environ_get" (func $nothing))

  ;; Nothing to wait for: it goes on at once.
  (func (export "poll_oneoff") (param i32 i32 i32) (param $events i32) (result i32)
    (i32.store (local.get $events) (i32.const 0))
    i32.const 0)
  (func (export "sched_yield") (result i32) i32.const 0)
  (func (export "proc_exit") (param i32) unreachable)

  ;; No files: 8 is `badf`.
  (func $badf_i (param i32) (result i32) i32.const 8)
  (func $badf_ii (param i32 i32) (result i32) i32.const 8)
  (func $badf_iI (param i32 i64) (result i32) i32.const 8)
  (func $badf_iII (param i32 i64 i64) (result i32) i32.const 8)
  (func $badf_iIii (param i32 i64 i32 i32) (result i32) i32.const 8)
  (func $badf_iii (param i32 i32 i32) (result i32) i32.const 8)
  (func $badf_iiii (param i32 i32 i32 i32) (result i32) i32.const 8)
  (func $badf_iiiii (param i32 i32 i32 i32 i32) (result i32) i32.const 8)
  (func $badf_iiiiii (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 8)
  (func $badf_iiiiiii (param i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 8)
  (func $badf_iiiIi (param i32 i32 i32 i64 i32) (result i32) i32.const 8)
  (func $badf_iiiiIIi (param i32 i32 i32 i32 i64 i64 i32) (result i32) i32.const 8)
  (func $badf_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) i32.const 8)
  (export "fd_close" (func $badf_i))
  (export "fd_sync" (func $badf_i))
  (export "fd_fdstat_get" (func $badf_ii))
  (export "fd_fdstat_set_flags" (func $badf_ii))
  (export "fd_fdstat_set_rights" (func $badf_iII))
  (export "fd_filestat_get" (func $badf_ii))
  (export "fd_filestat_set_size" (func $badf_iI))
  (export "fd_prestat_get" (func $badf_ii))
  (export "fd_prestat_dir_name" (func $badf_iii))
  (export "fd_read" (func $badf_iiii))
  (export "fd_pread" (func $badf_iiiIi))
  (export "fd_pwrite" (func $badf_iiiIi))
  (export "fd_readdir" (func $badf_iiiIi))
  (export "fd_seek" (func $badf_iIii))
  (export "path_create_directory" (func $badf_iii))
  (export "path_remove_directory" (func $badf_iii))
  (export "path_unlink_file" (func $badf_iii))
  (export "path_filestat_get" (func $badf_iiiii))
  (export "path_filestat_set_times" (func $badf_iiiiIIi))
  (export "path_link" (func $badf_iiiiiii))
  (export "path_open" (func $badf_open))
  (export "path_readlink" (func $badf_iiiiii))
  (export "path_rename" (func $badf_iiiiii))
  (export "path_symlink" (func $badf_iiiii))
  (export "sock_accept" (func $badf_iii))
  (export "sock_shutdown" (func $badf_ii))
)
