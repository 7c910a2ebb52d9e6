/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs one suite and prints TAP; each test in a process of its own, so a crash is one `not ok`. */
#include "tests/unit/unit.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(unit_suite());
    int failed;

    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
