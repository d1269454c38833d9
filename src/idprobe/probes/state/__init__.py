"""Experiments with the life of codes and tokens: stories, races, histories, replicas."""
