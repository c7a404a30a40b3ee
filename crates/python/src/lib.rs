//! A Python subset: compiler, resumable virtual machine, builtins.
