"""The examples of docs/attach.md, tried with the tools that they are for."""
