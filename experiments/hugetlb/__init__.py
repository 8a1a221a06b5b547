"""hugetlb."""
