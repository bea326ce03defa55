// RUN: rm -f %t.db %t.txt && echo "a text that is no database at all" > %t.txt
// RUN: not tegula-opt %s --tegula-select-schedule='tuning-database=%t.db' 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not tegula-opt %s --tegula-select-schedule='tuning-database=%t.txt' 2>&1 | FileCheck %s --check-prefix=OTHER

// What a database changes is checked by test/python/test_tune.py.
// MISSING: error: the tuning database '{{.*}}.db' cannot be opened: unable to open database file
// OTHER: error: the tuning database '{{.*}}.txt' cannot be read: file is not a database
module {}
