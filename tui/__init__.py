"""The Textual application and the command line. Shows and asks; decides nothing that a headless run decides too."""
