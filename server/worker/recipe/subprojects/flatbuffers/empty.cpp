/* Meson wants a source file: the real library is the system one. */
