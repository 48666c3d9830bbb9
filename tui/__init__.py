"""The Textual application and the command line. Shows and asks; decides nothing."""
