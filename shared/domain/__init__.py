"""Values, matching, decisions and composition: pure, without I/O, clock or SDK."""
