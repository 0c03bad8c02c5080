"""Links from a task's page to what it has worked on."""
