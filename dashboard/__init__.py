"""What people see: Streamlit pages and charts, and no logic of their own."""
