"""The dashboard's pages. They show what views say and compute no mean or rate of their own."""
