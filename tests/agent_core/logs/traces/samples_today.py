"""More traces, mostly as the tools of today print them; each is one event."""

# ruff: noqa: E501 - lines are as they are printed

from __future__ import annotations

from tests.agent_core.logs.traces.samples import Sample

RAILS = """\
F, [2026-06-11T10:31:02.118234 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11]   
F, [2026-06-11T10:31:02.118300 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11] ActionView::Template::Error (undefined method `name' for nil:NilClass):
F, [2026-06-11T10:31:02.118330 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11]     11: <td><%= order.number %></td>
F, [2026-06-11T10:31:02.118340 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11]     12: <td><%= order.customer.name %></td>
F, [2026-06-11T10:31:02.118350 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11]     13: </tr>
F, [2026-06-11T10:31:02.118360 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11]   
F, [2026-06-11T10:31:02.118370 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11] app/views/orders/_row.html.erb:12
F, [2026-06-11T10:31:02.118380 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11] app/views/orders/index.html.erb:4
F, [2026-06-11T10:31:02.118390 #7] FATAL -- : [5c1d2f0a-0d3f-4d92-b0a5-6d4c1c5b6a11] app/controllers/orders_controller.rb:9:in `index'
"""
SBT = """\
[error] (run-main-0) java.util.NoSuchElementException: key not found: EUR
[error] java.util.NoSuchElementException: key not found: EUR
[error] 	at scala.collection.immutable.Map$EmptyMap$.apply(Map.scala:228)
[error] 	at com.acme.rates.Table.$anonfun$rate$1(Table.scala:18)
[error] 	at scala.Option.getOrElse(Option.scala:201)
[error] 	at com.acme.rates.Table.rate(Table.scala:18)
[error] 	at com.acme.rates.Main$.delayedEndpoint$com$acme$rates$Main$1(Main.scala:7)
[error] 	at com.acme.rates.Main$delayedInit$body.apply(Main.scala:3)
[error] 	at scala.Function0.apply$mcV$sp(Function0.scala:42)
[error] 	at com.acme.rates.Main.main(Main.scala)
"""
GDB = """\
[Thread debugging using libthread_db enabled]
Using host libthread_db library "/lib/x86_64-linux-gnu/libthread_db.so.1".
terminate called after throwing an instance of 'std::runtime_error'
  what():  ledger segment 12 is torn

Program received signal SIGABRT, Aborted.
__pthread_kill_implementation (threadid=<optimized out>, signo=signo@entry=6, no_tid=no_tid@entry=0) at ./nptl/pthread_kill.c:44
44	./nptl/pthread_kill.c: No such file or directory.
#0  __pthread_kill_implementation (threadid=<optimized out>, signo=signo@entry=6, no_tid=no_tid@entry=0) at ./nptl/pthread_kill.c:44
#1  0x00007ffff7aa8f4f in __pthread_kill_internal (signo=6, threadid=<optimized out>) at ./nptl/pthread_kill.c:78
#2  0x00007ffff7a59fb2 in __GI_raise (sig=sig@entry=6) at ../sysdeps/posix/raise.c:26
#3  0x00007ffff7a44472 in __GI_abort () at ./stdlib/abort.c:79
#4  0x00007ffff7c9d919 in ?? () from /lib/x86_64-linux-gnu/libstdc++.so.6
#5  0x00007ffff7ca8e1a in ?? () from /lib/x86_64-linux-gnu/libstdc++.so.6
#6  0x00007ffff7ca8e85 in std::terminate() () from /lib/x86_64-linux-gnu/libstdc++.so.6
#7  0x00007ffff7ca90d8 in __cxa_throw () from /lib/x86_64-linux-gnu/libstdc++.so.6
#8  0x0000555555556758 in thr2 () at c/a.cpp:20
#9  0x000055555555695f in main (c=2, v=0x7fffffffe7d8) at c/a.cpp:25
"""
SWIFT_5 = """\
shop/Price.swift:12: Fatal error: Unexpectedly found nil while unwrapping an Optional value

*** Signal 4: Backtracing from 0x7f1b2c3d4e50... done ***

*** Program crashed: Illegal instruction at 0x00007f1b2c3d4e50 ***

Thread 0 "shop" crashed:

0 0x00007f1b2c3d4e50 _assertionFailure(_:_:file:line:flags:) + 1340 in libswiftCore.so
1 0x000055d0a1b2c3d4 price(of:) + 99 in shop at /app/Sources/shop/Price.swift:12:25
2 0x000055d0a1b2c400 static Main.main() + 40 in shop at /app/Sources/shop/main.swift:4:7
"""
DENO = """\
error: Uncaught (in promise) TypeError: Cannot read properties of undefined (reading 'price')
  return list.find((x) => x.sku === sku).price;
                                        ^
    at lookup (file:///app/src/prices.ts:12:41)
    at total (file:///app/src/order.ts:8:20)
    at file:///app/main.ts:5:13
    at eventLoopTick (ext:core/01_core.js:175:7)
"""
KESTREL = """\
fail: Microsoft.AspNetCore.Server.Kestrel[13]
      Connection id "0HN2V", Request id "0HN2V:00000002": An unhandled exception was thrown by the application.
      Microsoft.EntityFrameworkCore.DbUpdateException: An error occurred while saving the entity changes. See the inner exception for details.
       ---> Npgsql.PostgresException (0x80004005): 23505: duplicate key value violates unique constraint "ix_orders_number"
         at Npgsql.Internal.NpgsqlConnector.ReadMessageLong(Boolean async, DataRowLoadingMode dataRowLoadingMode, Boolean readingNotifications, Boolean isReadingPrependedMessage)
         at Npgsql.NpgsqlDataReader.NextResult(Boolean async, Boolean isConsuming, CancellationToken cancellationToken)
         at Microsoft.EntityFrameworkCore.Update.ReaderModificationCommandBatch.ExecuteAsync(IRelationalConnection connection, CancellationToken cancellationToken)
         --- End of inner exception stack trace ---
         at Microsoft.EntityFrameworkCore.Update.ReaderModificationCommandBatch.ExecuteAsync(IRelationalConnection connection, CancellationToken cancellationToken)
         at Microsoft.EntityFrameworkCore.DbContext.SaveChangesAsync(Boolean acceptAllChangesOnSuccess, CancellationToken cancellationToken)
         at Shop.Api.Controllers.OrdersController.Post(OrderDto dto) in /src/Shop.Api/Controllers/OrdersController.cs:line 57
         at Microsoft.AspNetCore.Mvc.Infrastructure.ActionMethodExecutor.TaskOfIActionResultExecutor.Execute(ActionContext actionContext, IActionResultTypeMapper mapper, ObjectMethodExecutor executor, Object controller, Object[] arguments)
         at Microsoft.AspNetCore.Routing.EndpointMiddleware.<Invoke>g__AwaitRequestTask|7_0(Endpoint endpoint, Task requestTask, ILogger logger)
         at Microsoft.AspNetCore.Diagnostics.DeveloperExceptionPageMiddlewareImpl.Invoke(HttpContext context)
"""
LARAVEL = """\
[2026-06-11 10:31:02] production.ERROR: SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry 'A-77' for key 'orders.number' (Connection: mysql, SQL: insert into `orders` (`number`, `total`) values (A-77, 1200)) {"userId":17,"exception":"[object] (Illuminate\\\\Database\\\\UniqueConstraintViolationException(code: 23000): SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry 'A-77' for key 'orders.number' (Connection: mysql, SQL: insert into `orders` (`number`, `total`) values (A-77, 1200)) at /var/www/html/vendor/laravel/framework/src/Illuminate/Database/Connection.php:824)
[stacktrace]
#0 /var/www/html/vendor/laravel/framework/src/Illuminate/Database/Connection.php(783): Illuminate\\\\Database\\\\Connection->runQueryCallback('insert into `or...', Array, Object(Closure))
#1 /var/www/html/vendor/laravel/framework/src/Illuminate/Database/Eloquent/Builder.php(1066): Illuminate\\\\Database\\\\Query\\\\Builder->insert(Array)
#2 /var/www/html/app/Services/OrderService.php(58): Illuminate\\\\Database\\\\Eloquent\\\\Model->save()
#3 /var/www/html/app/Http/Controllers/OrderController.php(31): App\\\\Services\\\\OrderService->place(Array)
#4 /var/www/html/vendor/laravel/framework/src/Illuminate/Routing/Controller.php(54): App\\\\Http\\\\Controllers\\\\OrderController->store(Object(Illuminate\\\\Http\\\\Request))
#5 /var/www/html/vendor/laravel/framework/src/Illuminate/Pipeline/Pipeline.php(144): Illuminate\\\\Routing\\\\Router->Illuminate\\\\Routing\\\\{closure}(Object(Illuminate\\\\Http\\\\Request))
#6 /var/www/html/public/index.php(51): Illuminate\\\\Foundation\\\\Http\\\\Kernel->handle(Object(Illuminate\\\\Http\\\\Request))
#7 {main}

[previous exception] [object] (PDOException(code: 23000): SQLSTATE[23000]: Integrity constraint violation: 1062 Duplicate entry 'A-77' for key 'orders.number' at /var/www/html/vendor/laravel/framework/src/Illuminate/Database/Connection.php:568)
[stacktrace]
#0 /var/www/html/vendor/laravel/framework/src/Illuminate/Database/Connection.php(568): PDOStatement->execute()
#1 /var/www/html/app/Services/OrderService.php(58): Illuminate\\\\Database\\\\Eloquent\\\\Model->save()
#2 {main}
"} 
"""
GROUP_OF_GROUPS = """\
  + Exception Group Traceback (most recent call last):
  |   File "/srv/shop/py/shop_a.py", line 75, in <module>
  |     asyncio.run(f()) if asyncio.iscoroutinefunction(f) else f()
  |     ^^^^^^^^^^^^^^^^
  |   File "/usr/lib/python3.11/asyncio/runners.py", line 190, in run
  |     return runner.run(main)
  |            ^^^^^^^^^^^^^^^^
  |   File "/usr/lib/python3.11/asyncio/runners.py", line 118, in run
  |     return self._loop.run_until_complete(task)
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |   File "/usr/lib/python3.11/asyncio/base_events.py", line 653, in run_until_complete
  |     return future.result()
  |            ^^^^^^^^^^^^^^^
  | ExceptionGroup:  (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Exception Group Traceback (most recent call last):
    |   File "/srv/shop/py/shop_a.py", line 18, in outer
    |     try: await group()
    |          ^^^^^^^^^^^^^
    |   File "/srv/shop/py/shop_a.py", line 15, in group
    |     async with asyncio.TaskGroup() as tg:
    |   File "/usr/lib/python3.11/asyncio/taskgroups.py", line 145, in __aexit__
    |     raise me from None
    | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
    +-+---------------- 1 ----------------
      | Traceback (most recent call last):
      |   File "/srv/shop/py/shop_a.py", line 12, in shard
      |     if n % 2: raise ValueError(f"shard {n} has checksum 0xdead, expected 0xbeef")
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      | ValueError: shard 1 has checksum 0xdead, expected 0xbeef
      +---------------- 2 ----------------
      | Traceback (most recent call last):
      |   File "/srv/shop/py/shop_a.py", line 12, in shard
      |     if n % 2: raise ValueError(f"shard {n} has checksum 0xdead, expected 0xbeef")
      |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      | ValueError: shard 3 has checksum 0xdead, expected 0xbeef
      +------------------------------------
    | 
    | The above exception was the direct cause of the following exception:
    | 
    | Traceback (most recent call last):
    |   File "/srv/shop/py/shop_a.py", line 19, in outer
    |     except* ValueError as e: raise PriceError("shards are broken") from e
    |                              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    | PriceError: shards are broken
    +---------------- 2 ----------------
    | Exception Group Traceback (most recent call last):
    |   File "/srv/shop/py/shop_a.py", line 18, in outer
    |     try: await group()
    |          ^^^^^^^^^^^^^
    |   File "/srv/shop/py/shop_a.py", line 15, in group
    |     async with asyncio.TaskGroup() as tg:
    |   File "/usr/lib/python3.11/asyncio/taskgroups.py", line 145, in __aexit__
    |     raise me from None
    | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
    +-+---------------- 1 ----------------
      | Traceback (most recent call last):
      |   File "/srv/shop/py/shop_a.py", line 13, in shard
      |     raise ConnectionResetError(104, "Connection reset by peer")
      | ConnectionResetError: [Errno 104] Connection reset by peer
      +---------------- 2 ----------------
      | Traceback (most recent call last):
      |   File "/srv/shop/py/shop_a.py", line 13, in shard
      |     raise ConnectionResetError(104, "Connection reset by peer")
      | ConnectionResetError: [Errno 104] Connection reset by peer
      +------------------------------------
"""
AGGREGATE = """\
node:internal/modules/run_main:123
    triggerUncaughtException(
    ^

[AggregateError: All promises were rejected] {
  [errors]: [
    OrderError: order 42 cannot be priced
        at price (file:///srv/shop/node/a.mjs:4:85)
        at async Promise.any (index 0)
        at async Object.agg (file:///srv/shop/node/a.mjs:7:22)
        at async file:///srv/shop/node/a.mjs:21:1 {
      code: 'E_ORDER',
      orderId: 42,
      [cause]: Error: ENOENT: no such file or directory, open '/etc/shop/none.json'
          at async open (node:internal/fs/promises:637:25)
          at async Object.readFile (node:internal/fs/promises:1249:14)
          at async load (file:///srv/shop/node/a.mjs:3:43)
          at async price (file:///srv/shop/node/a.mjs:4:31)
          at async Promise.any (index 0)
          at async Object.agg (file:///srv/shop/node/a.mjs:7:22)
          at async file:///srv/shop/node/a.mjs:21:1 {
        errno: -2,
        code: 'ENOENT',
        syscall: 'open',
        path: '/etc/shop/none.json'
      }
    },
    TypeError: replica b speaks v1
        at Object.agg (file:///srv/shop/node/a.mjs:7:65)
        at file:///srv/shop/node/a.mjs:21:25
        at ModuleJob.run (node:internal/modules/esm/module_job:325:25)
        at async ModuleLoader.import (node:internal/modules/esm/loader:606:24)
        at async asyncRunEntryPointWithESMLoader (node:internal/modules/run_main:117:5)
  ]
}

Node.js v20.20.2
"""
ASSERT = """\
node:internal/modules/run_main:123
    triggerUncaughtException(
    ^

AssertionError [ERR_ASSERTION]: Expected values to be strictly deep-equal:
+ actual - expected

  {
    a: 1,
+   b: 2
-   b: 3
  }
    at Object.assert (file:///srv/shop/node/a.mjs:12:32)
    at file:///srv/shop/node/a.mjs:21:25
    at ModuleJob.run (node:internal/modules/esm/module_job:325:25)
    at async ModuleLoader.import (node:internal/modules/esm/loader:606:24)
    at async asyncRunEntryPointWithESMLoader (node:internal/modules/run_main:117:5) {
  generatedMessage: true,
  code: 'ERR_ASSERTION',
  actual: { a: 1, b: 2 },
  expected: { a: 1, b: 3 },
  operator: 'deepStrictEqual'
}

Node.js v20.20.2
"""
FUTURE = """\
Exception in thread "main" java.util.concurrent.ExecutionException: com.acme.shop.Main$PriceException: no price for 12,50
	at java.base/java.util.concurrent.CompletableFuture.reportGet(CompletableFuture.java:396)
	at java.base/java.util.concurrent.CompletableFuture.get(CompletableFuture.java:2073)
	at com.acme.shop.Main.future(Main.java:7)
	at com.acme.shop.Main.main(Main.java:23)
Caused by: com.acme.shop.Main$PriceException: no price for 12,50
	at com.acme.shop.Main.price(Main.java:6)
	at com.acme.shop.Main.lambda$future$0(Main.java:7)
	at java.base/java.util.concurrent.CompletableFuture$AsyncSupply.run(CompletableFuture.java:1768)
	at java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.lang.NumberFormatException: For input string: "12,50"
	at java.base/java.lang.NumberFormatException.forInputString(NumberFormatException.java:67)
	at java.base/java.lang.Integer.parseInt(Integer.java:668)
	at java.base/java.lang.Integer.parseInt(Integer.java:786)
	... 4 more
"""
RUST_ASSERT = """\
thread 'main' (4222) panicked at src/main.rs:11:23:
assertion `left == right` failed: total of basket 9
  left: 3
 right: 4
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5
   1: core::panicking::panic_fmt
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/panicking.rs:80:14
   2: core::panicking::assert_failed_inner
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/panicking.rs:434:23
   3: core::panicking::assert_failed::<i32, i32>
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/panicking.rs:394:5
   4: shop::main
             at ./src/main.rs:11:23
   5: core::ops::function::FnOnce::call_once
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/ops/function.rs:250:5
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
"""

SAMPLES = {
    "rails": Sample(
        "ruby",
        RAILS,
        ("undefined method `name' for nil:NilClass", "_row.html.erb:12"),
    ),
    "sbt": Sample("java", SBT, ("NoSuchElementException: key not found: EUR", "Table.scala:18")),
    "gdb": Sample("c", GDB, ("ledger segment 12 is torn", "SIGABRT", "thr2 () at c/a.cpp:20")),
    "swift-5": Sample("c", SWIFT_5, ("Unexpectedly found nil", "Price.swift:12")),
    "deno": Sample("javascript", DENO, ("reading 'price'", "prices.ts:12")),
    "kestrel": Sample(
        "csharp", KESTREL, ("DbUpdateException", "duplicate key value", "OrdersController.cs:line 57")
    ),
    "laravel": Sample("php", LARAVEL, ("1062 Duplicate entry 'A-77'", "OrderService.php(58)")),
    "group-of-groups": Sample(
        "python",
        GROUP_OF_GROUPS,
        ("PriceError: shards are broken", "ValueError: shard 1 has checksum", "ConnectionResetError"),
    ),
    "aggregate": Sample(
        "javascript",
        AGGREGATE,
        ("All promises were rejected", "order 42 cannot be priced", "ENOENT", "replica b speaks v1"),
    ),
    "assert": Sample("javascript", ASSERT, ("strictly deep-equal", "Object.assert", "ERR_ASSERTION")),
    "future": Sample(
        "java", FUTURE, ("no price for 12,50", "NumberFormatException", "Main.price(Main.java:6)")
    ),
    "rust-assert": Sample("rust", RUST_ASSERT, ("total of basket 9", "left: 3", "right: 4", "shop::main")),
}
