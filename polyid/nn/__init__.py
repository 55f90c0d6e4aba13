"""The message-passing network: layers, sizes, dropout, builders."""
